using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;

namespace OnnxEdit.Engine.Scores;

/// <summary>Smallest distance between the mean maps of two classes, as TVSPrune's reference code computes it.</summary>
static class MapDistanceScore
{
    static readonly ScoreRow _row = PointScores.Row("tvsprune", (point, _) => point.MapDistance ?? OfMeans(point));

    /// <summary>Its row.</summary>
    public static ScoreRow Row { get; } = _row with { Needs = _row.Needs! with { MeanMaps = true } };

    // Without mean maps: those averaged over positions, which the moments know.
    static double[] OfMeans(PointStatistics point)
    {
        var moments = point.Features.FirstOrDefault(f => f.Feature == PooledFeature.Mean)?.Moments ?? throw PointScores.Lacking(point, "class means");
        var classes = Enumerable.Range(0, moments.Classes).Where(k => moments.Counts[k] > 0).ToArray();
        if (classes.Length < 2) return new double[moments.Channels];
        var means = classes.SelectMany(k => Enumerable.Range(0, moments.Channels).Select(c => moments.MeanOf(c, k))).ToArray();
        return TvsPruneScore.Compute(means, classes.Length, moments.Channels);
    }
}
