using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>How far classes of pixels cover those that they should be: intersections and unions are summed over all items, then divided class by class.</summary>
/// <param name="items">Number of items.</param>
sealed class ClassOverlap(int items)
{
    /// <summary>A pixel that counts for nothing.</summary>
    public const int Ignored = -1;

    // By group and class: pixels of it in both, and in either.
    readonly List<(long Both, long Either)>[] _groups = [.. Enumerable.Range(0, GroupJackknife.Groups(items)).Select(_ => new List<(long, long)>())];
    readonly double[] _right = new double[items], _counted = new double[items];

    /// <summary>Takes an item.</summary>
    /// <param name="item">Its index.</param>
    /// <param name="wanted">The class that each pixel should have; <see cref="Ignored"/> counts for nothing.</param>
    /// <param name="found">The class that it is given, as many.</param>
    public void Add(int item, ReadOnlySpan<int> wanted, ReadOnlySpan<int> found)
    {
        var classes = _groups[GroupJackknife.Of(item, items)];
        for (var i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] == Ignored) continue;
            var isRight = wanted[i] == found[i];
            _counted[item]++;
            if (isRight) _right[item]++;
            Count(classes, wanted[i], isRight);
            if (!isRight) Count(classes, found[i], false);
        }
    }

    /// <summary>"miou", the mean over classes that are there in either, then "pixel-accuracy".</summary>
    /// <exception cref="OnnxEngineException">No pixel counts (<see cref="ErrorKind.Data"/>).</exception>
    public IReadOnlyList<MetricValue> Metrics()
    {
        if (_counted.Sum() == 0) throw new OnnxEngineException(ErrorKind.Data, "All pixels of all masks are 255, which counts for nothing, so there is nothing to measure.");
        var most = _groups.Max(group => group.Count);
        var sums = new (long Both, long Either)[most];
        foreach (var group in _groups)
            for (var c = 0; c < group.Count; c++) sums[c] = (sums[c].Both + group[c].Both, sums[c].Either + group[c].Either);
        var value = Mean(sums);
        double[] without = [.. _groups.Select(group => Mean([.. sums.Select((sum, c) => c < group.Count ? (sum.Both - group[c].Both, sum.Either - group[c].Either) : sum)]))];
        var (accuracy, scores) = RatioOfSums.Of(_right, _counted);
        return
        [
            new MetricValue("miou", value) { ItemScores = without.Any(double.IsNaN) ? null : GroupJackknife.PseudoValues(value, without) },
            new MetricValue("pixel-accuracy", accuracy) { ItemScores = scores },
        ];
    }

    static double Mean((long Both, long Either)[] classes) => classes.Where(c => c.Either > 0).Select(c => (double)c.Both / c.Either).DefaultIfEmpty(double.NaN).Average();

    static void Count(List<(long Both, long Either)> classes, int c, bool isBoth)
    {
        while (classes.Count <= c) classes.Add((0, 0));
        classes[c] = (classes[c].Both + (isBoth ? 1 : 0), classes[c].Either + 1);
    }
}
