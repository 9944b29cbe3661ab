namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>A figure that is one sum over items divided by another, such as errors per character.</summary>
static class RatioOfSums
{
    /// <summary>The ratio, and each item's influence on it: numbers whose mean is the ratio, and whose spread is that of the ratio (linearised).</summary>
    /// <param name="above">What each item adds to the numerator.</param>
    /// <param name="below">What it adds to the denominator, whose sum must not be 0.</param>
    public static (double Value, double[] Scores) Of(IReadOnlyList<double> above, IReadOnlyList<double> below)
    {
        var sum = below.Sum();
        var value = above.Sum() / sum;
        return (value, [.. above.Zip(below, (a, b) => value + above.Count * (a - value * b) / sum)]);
    }

    /// <summary>The square root of the ratio, and the items' influence on it.</summary>
    /// <inheritdoc cref="Of"/>
    public static (double Value, double[] Scores) RootOf(IReadOnlyList<double> above, IReadOnlyList<double> below)
    {
        var (value, scores) = Of(above, below);
        var root = Math.Sqrt(value);
        return (root, root > 0 ? Array.ConvertAll(scores, score => root + (score - value) / (2 * root)) : scores);
    }
}
