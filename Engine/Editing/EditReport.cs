using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Engine.Editing;

/// <summary>What an edit, or several together, came to.</summary>
public sealed record EditReport
{
    /// <summary>The images edited.</summary>
    public required IReadOnlyList<EditedImage> Images { get; init; }

    /// <summary>Accuracy on the test images before; null without labelled ones.</summary>
    public Evaluation? Before { get; init; }

    /// <summary>The same after.</summary>
    public Evaluation? After { get; init; }

    /// <summary>Test images whose class changed; empty without labelled ones.</summary>
    public IReadOnlyList<ChangedImage> Changed { get; init; } = [];

    /// <summary>One sentence: what was done.</summary>
    public required string Basis { get; init; }

    /// <summary>Drawdown: points of top-1 that the edit costs on the test images, signed, with the standard error of the pairs.</summary>
    public (double Points, double StandardError)? Drawdown =>
        Before is { } a && After is { } b && PairedDifference.Of(a.Correct, b.Correct) is var d ? (-100 * d.Difference, 100 * d.StandardError) : null;
}
