using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>
/// R2: 1 minus the squared errors over the squared distances of the labels from their mean, each position of the labels having a mean of
/// its own and sums running over all positions.
/// </summary>
static class ExplainedVariance
{
    /// <summary>The metric "r2"; null where the labels do not differ, so that there is nothing to explain.</summary>
    /// <param name="labels">The labels of all items, equally many numbers each.</param>
    /// <param name="errors">Sum of squared errors of each item.</param>
    public static MetricValue? Of(IReadOnlyList<IReadOnlyList<float>> labels, IReadOnlyList<double> errors)
    {
        var means = new double[labels[0].Count];
        foreach (var label in labels)
            for (var i = 0; i < means.Length; i++) means[i] += label[i] / (double)labels.Count;
        double[] distances = [.. labels.Select(label => means.Select((mean, i) => (label[i] - mean) * (label[i] - mean)).Sum())];
        // Of labels that are all alike the means are off by a rounding.
        if (labels.All(label => label.SequenceEqual(labels[0])) || distances.Sum() == 0) return null;
        var (ratio, scores) = RatioOfSums.Of(errors, distances);
        return new MetricValue("r2", 1 - ratio) { ItemScores = Array.ConvertAll(scores, score => 1 - score) };
    }
}
