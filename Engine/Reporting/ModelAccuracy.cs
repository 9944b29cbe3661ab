namespace OnnxEdit.Engine.Reporting;

/// <summary>Accuracy of one model over all images.</summary>
/// <param name="Top1">Fraction of images whose label has the highest score.</param>
/// <param name="StandardError">Standard error of <paramref name="Top1"/>.</param>
/// <param name="Top5">Fraction of images whose label is among the five highest scores.</param>
/// <param name="MeanMargin">Mean of the margin of the right class.</param>
public sealed record ModelAccuracy(double Top1, double StandardError, double Top5, double MeanMargin);
