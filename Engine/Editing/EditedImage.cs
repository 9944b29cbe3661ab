namespace OnnxEdit.Engine.Editing;

/// <summary>What became of one image.</summary>
/// <param name="Name">The image.</param>
/// <param name="Label">The class it was to have.</param>
/// <param name="Before">Its class before.</param>
/// <param name="After">Its class by the edited model, as ONNX Runtime gives it.</param>
/// <param name="Outcome">Steps and what was left of the gap.</param>
/// <param name="Generality">Fraction of its unseen views (mirrored, shifted) that have the class, too; null for what is no picture.</param>
public sealed record EditedImage(string Name, int Label, int Before, int After, EditOutcome Outcome, double? Generality)
{
    /// <summary>Whether the image has the class now.</summary>
    public bool Success => After == Label;
}
