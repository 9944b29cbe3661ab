using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>t statistics of attributions: a component with a low score helps the reference more than the target.</summary>
static class ComponentScores
{
    /// <summary>Degrees of freedom of the median variance.</summary>
    const double PriorFreedom = 4;

    /// <summary>Scores of all components.</summary>
    /// <param name="target">Attributions of target examples, [examples][components].</param>
    /// <param name="reference">Those of reference examples.</param>
    /// <param name="scoring">Which statistic.</param>
    /// <exception cref="OnnxEngineException">Pairs are asked for and the numbers of examples differ (<see cref="ErrorKind.Usage"/>).</exception>
    public static double[] Of(IReadOnlyList<float[]> target, IReadOnlyList<float[]> reference, ComponentScoring scoring)
    {
        if (scoring != ComponentScoring.Paired)
        {
            var (t, r) = (Moments(target), Moments(reference));
            var (varianceT, varianceR) = scoring == ComponentScoring.Welch ? (Population(t), Population(r)) : (Drawn(t), Drawn(r));
            return [.. t.Mean.Select((m, j) => (m - r.Mean[j]) / Math.Sqrt(Math.Max(1e-30, varianceT[j] / t.Count + varianceR[j] / r.Count)))];
        }
        if (target.Count != reference.Count)
            throw new OnnxEngineException(ErrorKind.Usage, $"There are {target.Count} target and {reference.Count} reference examples, which make no pairs.");
        var differences = Moments([.. target.Zip(reference, (a, b) => a.Zip(b, (x, y) => x - y).ToArray())]);
        var variance = Drawn(differences);
        return [.. differences.Mean.Select((m, j) => m / Math.Sqrt(Math.Max(1e-30, variance[j] / differences.Count)))];
    }

    static (int Count, double[] Mean, double[] Squares) Moments(IReadOnlyList<float[]> rows)
    {
        var mean = Enumerable.Range(0, rows[0].Length).Select(j => rows.Average(r => (double)r[j])).ToArray();
        return (rows.Count, mean, [.. mean.Select((m, j) => rows.Sum(r => (r[j] - m) * (r[j] - m)))]);
    }

    static double[] Population((int Count, double[] Mean, double[] Squares) moments) => [.. moments.Squares.Select(s => s / moments.Count)];

    // (d0 s0^2 + sum of squares) / (d0 + n - 1), s0^2 the median variance (the moderation of Smyth, 2004, with a fixed d0).
    static double[] Drawn((int Count, double[] Mean, double[] Squares) moments)
    {
        var freedom = moments.Count - 1;
        var median = freedom < 1 ? 0 : moments.Squares.Order().ElementAt(moments.Squares.Length / 2) / freedom;
        return [.. moments.Squares.Select(s => (PriorFreedom * median + s) / (PriorFreedom + Math.Max(0, freedom)))];
    }
}
