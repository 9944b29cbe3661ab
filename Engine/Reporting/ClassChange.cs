using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Engine.Reporting;

/// <summary>Accuracy on the images of one class.</summary>
/// <param name="Class">Index of the model's output.</param>
/// <param name="Name">Its name; null when the data names none.</param>
/// <param name="Images">Images with this label.</param>
/// <param name="CorrectBefore">How many the model before gets right; null for one model.</param>
/// <param name="CorrectAfter">How many the edited model gets right.</param>
/// <param name="Difference">Accuracy after minus before, paired; null for one model.</param>
public sealed record ClassChange(int Class, string? Name, int Images, int? CorrectBefore, int CorrectAfter, PairedDifference? Difference)
{
    /// <summary>Accuracy before.</summary>
    public double? Before => CorrectBefore is { } correct ? (double)correct / Images : null;

    /// <summary>Accuracy after.</summary>
    public double After => (double)CorrectAfter / Images;

    /// <summary>Standard error of <see cref="Before"/>: sqrt(p (1 - p) / n).</summary>
    public double? ErrorBefore => Before is { } p ? Math.Sqrt(p * (1 - p) / Images) : null;

    /// <summary>Standard error of <see cref="After"/>.</summary>
    public double ErrorAfter => Math.Sqrt(After * (1 - After) / Images);
}
