namespace OnnxEdit.Engine.Reporting;

/// <summary>How often images of one class are taken for another.</summary>
/// <param name="Label">The class they belong to.</param>
/// <param name="Predicted">The class they are taken for.</param>
/// <param name="Before">Images before.</param>
/// <param name="After">Images after.</param>
public sealed record ConfusionChange(int Label, int Predicted, int Before, int After);
