using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// How sure it is that a channel tells a class to forget from the others, and none of those that stay: the lower confidence
/// limit of the total variation between the class and the rest, where the channel is larger on the class, less the upper limit
/// of that between any class that stays and the other classes that stay. Both are Kolmogorov-Smirnov distances of pooled
/// maps, which do not depend on shift or scale, corrected by the inequality of Dvoretzky, Kiefer and Wolfowitz.
/// </summary>
static class ClassContrast
{
    /// <summary>Probability with which a limit may fail.</summary>
    const double Delta = 0.05;

    /// <summary>One contrast per cell; NaN for cells that are locked or not measured. A cell counts what its worst place counts.</summary>
    /// <param name="analysis">The model's channels.</param>
    /// <param name="statistics">Its statistics, with histograms.</param>
    /// <param name="forgotten">Classes to forget.</param>
    public static double[] Compute(ChannelAnalysis analysis, CalibrationStatistics statistics, IReadOnlyList<int> forgotten)
    {
        var contrasts = new double[analysis.CellCount];
        Array.Fill(contrasts, double.NaN);
        foreach (var point in MeasurementPoint.All(analysis))
        {
            if (!statistics.Points.TryGetValue(point.Tensor, out var found)) continue;
            var own = Of(found, forgotten);
            for (var i = 0; i < own.Length; i++)
            {
                var cell = point.Channels.Ids[i];
                if (cell >= 0 && analysis.LockOf(cell) is null && !(contrasts[cell] <= own[i])) contrasts[cell] = own[i];
            }
        }
        return contrasts;
    }

    /// <summary>The contrasts of the channels of one point.</summary>
    public static double[] Of(PointStatistics point, IReadOnlyList<int> forgotten)
    {
        // The mean first, which says whether the channel is larger on a class.
        var features = point.Features.Where(f => f.Histograms is not null).OrderBy(f => f.Feature != PooledFeature.Mean).ToArray();
        var result = new double[point.Channels];
        if (features.Length == 0)
        {
            Array.Fill(result, double.NegativeInfinity);
            return result;
        }
        var delta = Delta / features.Length;
        ThreadedLoop.For(0, result.Length, k =>
        {
            var evidence = forgotten.Max(c => IsLarger(features[0].Moments, k, c) ? features.Max(f => Limit(f, k, c, [.. forgotten.Where(o => o != c)], delta, -1)) : 0);
            var needed = Enumerable.Range(0, features[0].Moments.Classes).Where(c => !forgotten.Contains(c))
                .Max(c => features.Max(f => Limit(f, k, c, forgotten, delta, +1)));
            result[k] = evidence - needed;
        });
        return result;
    }

    static bool IsLarger(ClassMoments moments, int channel, int @class)
    {
        var (own, rest) = (moments.Of(channel, @class), moments.Complement(channel, @class));
        return own.Count > 0 && rest.Count > 0 && own.Mean1 > rest.Mean1;
    }

    // KS distance of a class from the classes not left out, less or plus what the number of images leaves open; 0 where there are none.
    static double Limit(FeatureStatistics feature, int channel, int @class, IReadOnlyCollection<int> leftOut, double delta, int sign)
    {
        var distance = feature.Histograms!.KolmogorovSmirnov(channel, @class, leftOut);
        if (double.IsNaN(distance)) return 0;
        var images = feature.Histograms.Images;
        double own = images[@class], rest = 0;
        for (var c = 0; c < images.Length; c++)
            if (c != @class && !leftOut.Contains(c)) rest += images[c];
        return Math.Clamp(distance + sign * DkwBound.Epsilon(own, rest, delta), 0, 1);
    }
}
