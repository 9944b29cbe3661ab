using OnnxEdit.Kernels.Sketches;

namespace OnnxEdit.Engine.Scores;

/// <summary>Kolmogorov-Smirnov distance of the pooled features.</summary>
static class KolmogorovScore
{
    /// <summary>Its row.</summary>
    public static ScoreRow Row { get; } = PointScores.Row("ks", (point, aggregation) =>
    {
        var histograms = point.Features.Select(f => f.Histograms).OfType<ClassHistograms>().ToArray();
        if (histograms.Length == 0) throw PointScores.Lacking(point, "histograms (the model has too many classes)");
        return PointScores.PerChannel(point.Features[0].Moments, aggregation, (c, k) => PointScores.Largest(histograms, h => h.KolmogorovSmirnov(c, k)));
    });
}
