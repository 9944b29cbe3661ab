namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>Spearman's rank correlation: Pearson's of the ranks, equal values sharing the mean of theirs.</summary>
static class RankCorrelation
{
    /// <summary>The correlation; NaN for fewer than two pairs or where all values of one side are equal.</summary>
    /// <param name="first">Values.</param>
    /// <param name="second">As many others.</param>
    public static double Of(IReadOnlyList<double> first, IReadOnlyList<double> second) => Scores(first, second) is { } scores ? scores.Average() : double.NaN;

    /// <summary>
    /// The influence of each pair, plus the correlation, so that the mean is the correlation: rho + zx zy - rho (zx^2 + zy^2) / 2 of
    /// standardised ranks (the influence function of Pearson's correlation, Devlin et al. 1975, on ranks). Null where there is none.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    public static double[]? Scores(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        if (first.Count != second.Count) throw new ArgumentException($"There are {first.Count} and {second.Count} values; each needs a partner.", nameof(second));
        if (first.Any(double.IsNaN) || second.Any(double.IsNaN)) return null;
        if (Standardised(Ranks(first)) is not { } x || Standardised(Ranks(second)) is not { } y) return null;
        var rho = x.Zip(y, (a, b) => a * b).Average();
        return [.. x.Zip(y, (a, b) => rho + a * b - rho * (a * a + b * b) / 2)];
    }

    /// <summary>Ranks from 1, equal values sharing the mean of theirs.</summary>
    public static double[] Ranks(IReadOnlyList<double> values)
    {
        var order = Enumerable.Range(0, values.Count).OrderBy(i => values[i]).ToArray();
        var ranks = new double[values.Count];
        for (var from = 0; from < order.Length;)
        {
            var to = from + 1;
            while (to < order.Length && values[order[to]] == values[order[from]]) to++;
            for (var at = from; at < to; at++) ranks[order[at]] = (from + 1 + to) / 2.0;
            from = to;
        }
        return ranks;
    }

    static double[]? Standardised(double[] ranks)
    {
        if (ranks.Length < 2) return null;
        var mean = ranks.Average();
        var deviation = Math.Sqrt(ranks.Average(rank => (rank - mean) * (rank - mean)));
        return deviation == 0 ? null : Array.ConvertAll(ranks, rank => (rank - mean) / deviation);
    }
}
