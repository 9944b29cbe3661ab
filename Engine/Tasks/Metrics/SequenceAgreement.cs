using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>How far two models read the same sequences.</summary>
/// <param name="items">Number of items.</param>
sealed class SequenceAgreement(int items)
{
    readonly double[] _exact = new double[items], _alike = new double[items];

    /// <summary>Takes an item as both models read it.</summary>
    public void Add(int item, ReadOnlySpan<int> original, ReadOnlySpan<int> edited)
    {
        var longer = Math.Max(original.Length, edited.Length);
        (_exact[item], _alike[item]) = (original.SequenceEqual(edited) ? 1 : 0, longer == 0 ? 1 : 1 - (double)EditDistance.Between(original, edited) / longer);
    }

    /// <summary>"exact", the share read alike, then "similarity": 1 minus the edit distance over the longer one's length, on average.</summary>
    public IReadOnlyList<MetricValue> Metrics() =>
        [new("exact", _exact.Average()) { ItemScores = _exact }, new("similarity", _alike.Average()) { ItemScores = _alike }];
}
