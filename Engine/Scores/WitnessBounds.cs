using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;

namespace OnnxEdit.Engine.Scores;

/// <summary>Scores that are lower bounds on the total variation between each class and the rest, from moments of both.</summary>
static class WitnessBounds
{
    /// <summary>A bound from the moments of a class and of the rest.</summary>
    public delegate double PairBound(in QuadraticMoments own, in QuadraticMoments rest);

    /// <summary>The row of a bound: the largest over the pooled features, since all are lower bounds on the same total variation.</summary>
    public static ScoreRow Row(string name, PairBound bound) => PointScores.Row(name, (point, aggregation) => Largest(point, aggregation, bound));

    static double[] Largest(PointStatistics point, ClassAggregation aggregation, PairBound bound) =>
        PointScores.PerChannel(point.Features[0].Moments, aggregation, (c, k) => PointScores.Largest(point.Features, f =>
        {
            var (own, rest) = (f.Moments.Of(c, k), f.Moments.Complement(c, k));
            return own.Count > 0 && rest.Count > 0 ? bound(own, rest) : double.NaN;
        }));
}
