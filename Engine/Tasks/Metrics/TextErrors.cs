using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>How well strings are read: the share read exactly, and errors per character of what should have been read.</summary>
/// <param name="items">Number of items.</param>
sealed class TextErrors(int items)
{
    readonly double[] _exact = new double[items], _distances = new double[items], _lengths = new double[items];

    /// <summary>Takes an item.</summary>
    /// <param name="item">Its index.</param>
    /// <param name="reference">What it says.</param>
    /// <param name="read">What was read.</param>
    public void Add(int item, string reference, string read) =>
        (_exact[item], _distances[item], _lengths[item]) = (read == reference ? 1 : 0, EditDistance.Between(reference, read), EditDistance.Length(reference));

    /// <summary>"exact", then "cer" (distances over lengths of the references; may exceed 1), which needs a character in some reference.</summary>
    public IReadOnlyList<MetricValue> Metrics()
    {
        var exact = new MetricValue("exact", _exact.Average()) { ItemScores = _exact };
        if (_lengths.Sum() == 0) return [exact];
        var (value, scores) = RatioOfSums.Of(_distances, _lengths);
        return [exact, new MetricValue("cer", value) { IsHigherBetter = false, ItemScores = scores }];
    }
}
