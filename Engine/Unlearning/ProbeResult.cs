namespace OnnxEdit.Engine.Unlearning;

/// <summary>Balanced accuracy with which a linear rule reads a class out of the features; 0.5 is chance.</summary>
/// <param name="Class">The class.</param>
/// <param name="Before">Of the original.</param>
/// <param name="After">Of the edited model.</param>
public sealed record ProbeResult(int Class, double Before, double After);
