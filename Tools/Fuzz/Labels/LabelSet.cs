using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Fuzz;

/// <summary>A data set made of the sample's test images.</summary>
/// <param name="Kind">What was done to its labels.</param>
/// <param name="Items">Numbers of its images among the sample's.</param>
/// <param name="Labels">Their labels.</param>
/// <param name="Predicted">What the sample predicts for them.</param>
/// <param name="Classes">The sample's classes that lie behind each label.</param>
/// <param name="Asked">The label that is asked to be edited.</param>
sealed record LabelSet(string Kind, IReadOnlyList<int> Items, IReadOnlyList<int> Labels, IReadOnlyList<int> Predicted, IReadOnlyDictionary<int, HashSet<int>> Classes, int Asked)
{
    /// <summary>Classes of the sample.</summary>
    public const int ClassCount = 10;

    static readonly string[] _kinds = ["as it is", "shifted", "permuted", "two swapped", "missing, closed up", "missing", "merged", "split"];

    /// <summary>Draws one.</summary>
    public static LabelSet Draw(Random random, Evaluation stored)
    {
        var kind = random.Next(_kinds.Length);
        int[] order = [.. Enumerable.Range(0, ClassCount)];
        var kept = order.ToHashSet();
        if (_kinds[kind].StartsWith("missing", StringComparison.Ordinal)) foreach (var c in order.OrderBy(_ => random.Next()).Take(random.Next(1, 6)).ToArray()) kept.Remove(c);
        // From classes to labels.
        var label = _kinds[kind] switch
        {
            "shifted" => Shifted(order, random.Next(1, ClassCount)),
            "permuted" => [.. order.OrderBy(_ => random.Next())],
            "two swapped" => Swapped(order, random),
            "missing, closed up" => [.. order.Select(c => kept.Count(k => k < c))],
            _ => (int[])order.Clone(),
        };
        if (_kinds[kind] == "merged") label[random.Next(5)] = label[5 + random.Next(5)];
        var halves = _kinds[kind] == "split" ? random.Next(ClassCount) : -1;
        var each = random.Next(3, 120);
        List<int> images = [], labels = [], predicted = [];
        var classes = new Dictionary<int, HashSet<int>>();
        foreach (var c in kept)
        {
            int[] items = [.. Enumerable.Range(0, stored.Count).Where(i => stored.Labels[i] == c)];
            random.Shuffle(items);
            foreach (var i in items.Take(each))
            {
                var own = c == halves && predicted.Count % 2 == 0 ? ClassCount : label[c];
                if (!classes.TryGetValue(own, out var meant)) classes[own] = meant = [];
                meant.Add(c);
                images.Add(i);
                labels.Add(own);
                predicted.Add(stored.Predicted[i]);
            }
        }
        int[] all = [.. classes.Keys.Where(l => l < ClassCount)];
        return new LabelSet(_kinds[kind], images, labels, predicted, classes, all[random.Next(all.Length)]);
    }

    static int[] Shifted(int[] order, int by) => [.. order.Select(c => (c + by) % ClassCount)];

    static int[] Swapped(int[] order, Random random)
    {
        var swapped = (int[])order.Clone();
        var (a, b) = (random.Next(5), 5 + random.Next(5));
        (swapped[a], swapped[b]) = (b, a);
        return swapped;
    }
}
