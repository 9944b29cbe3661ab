namespace OnnxEdit.Engine.Tasks;

/// <summary>The quantiles of a sample, for all figures that name one: medians, quartiles, percentiles of latency.</summary>
static class Quantile
{
    /// <summary>
    /// The value at a fraction of the way through a sorted sample, interpolated linearly between order statistics: of n
    /// values the k-th smallest, from 0 on, stands at k / (n - 1). NaN for no values.
    /// </summary>
    /// <param name="sorted">The sample, ascending.</param>
    /// <param name="fraction">0: the smallest, 0.5: the median, 1: the largest.</param>
    internal static double Of(ReadOnlySpan<double> sorted, double fraction)
    {
        if (sorted.Length == 0) return double.NaN;
        var position = fraction * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
