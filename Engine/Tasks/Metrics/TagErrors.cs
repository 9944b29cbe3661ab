using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Sequences;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>How well words are tagged: F1 over entities that are found whole and of the right type, and the share of words with the right tag.</summary>
/// <param name="items">Number of items.</param>
sealed class TagErrors(int items)
{
    readonly double[] _found = new double[items], _entities = new double[items], _right = new double[items], _words = new double[items];

    /// <summary>Takes an item.</summary>
    /// <param name="item">Its index.</param>
    /// <param name="wanted">The tags of its words.</param>
    /// <param name="predicted">Those that the model gives them.</param>
    public void Add(int item, IReadOnlyList<string> wanted, IReadOnlyList<string> predicted)
    {
        var (own, others) = (TagEntities.Of(wanted), TagEntities.Of(predicted));
        (_found[item], _entities[item]) = (2 * own.Intersect(others).Count(), own.Count + others.Count);
        (_right[item], _words[item]) = (wanted.Zip(predicted).Count(pair => pair.First == pair.Second), wanted.Count);
    }

    /// <summary>"f1", where there are entities at all, then "tag-accuracy".</summary>
    public IReadOnlyList<MetricValue> Metrics() => [.. Ratio("f1", _found, _entities), .. Ratio("tag-accuracy", _right, _words)];

    static MetricValue[] Ratio(string name, double[] above, double[] below)
    {
        if (below.Sum() == 0) return [];
        var (value, scores) = RatioOfSums.Of(above, below);
        return [new MetricValue(name, value) { ItemScores = scores }];
    }
}
