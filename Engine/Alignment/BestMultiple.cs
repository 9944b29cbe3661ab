namespace OnnxEdit.Engine.Alignment;

/// <summary>
/// The multiple at which channel counts waste no time. Waste at C channels is w(C) = t(C) / b(C), where b goes through
/// the times at multiples of 16 and follows the number of operations between them; the waste of a multiple m is the
/// geometric mean of w over the measured counts that m divides. Counts below 16 are left out: there the overhead of a
/// call hides the steps.
/// </summary>
static class BestMultiple
{
    const int Block = 16;

    /// <summary>Finer steps are worth this much: they fit a budget better.</summary>
    const double Tolerance = 0.1;

    static readonly int[] _candidates = [1, 4, 8, Block];

    /// <summary>The smallest candidate that wastes hardly more than the best; 1 where there is nothing to go by.</summary>
    public static int Of(IEnumerable<AlignmentRow> rows)
    {
        var waste = rows.GroupBy(row => row.Kind).SelectMany(kind => Waste([.. kind], kind.Key == AlignmentKind.Depthwise ? 1 : 2)).ToArray();
        var means = Array.ConvertAll(_candidates, m => waste.Where(w => w.Channels % m == 0).Select(w => w.Log).DefaultIfEmpty(double.NaN).Average());
        var least = means.Where(double.IsFinite).DefaultIfEmpty(0).Min();
        return _candidates.Where((_, i) => means[i] <= least + Math.Log(1 + Tolerance)).FirstOrDefault(1);
    }

    static IEnumerable<(int Channels, double Log)> Waste(AlignmentRow[] rows, double power)
    {
        var anchors = rows.Where(row => row.Channels % Block == 0).OrderBy(row => row.Channels).ToArray();
        foreach (var row in rows)
        {
            var below = anchors.LastOrDefault(anchor => anchor.Channels <= row.Channels);
            var above = anchors.FirstOrDefault(anchor => anchor.Channels >= row.Channels);
            if (below is null || above is null) continue;
            var (low, high) = (Math.Pow(below.Channels, power), Math.Pow(above.Channels, power));
            var share = high > low ? (Math.Pow(row.Channels, power) - low) / (high - low) : 0;
            yield return (row.Channels, Math.Log(row.Milliseconds / (below.Milliseconds + (share * (above.Milliseconds - below.Milliseconds)))));
        }
    }
}
