namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>One figure of how good a model is.</summary>
/// <param name="Name">The word that users type and read, e.g. "accuracy", "spearman", "map50".</param>
/// <param name="Value">The value, as <see cref="IsFraction"/> says.</param>
public sealed record MetricValue(string Name, double Value)
{
    /// <summary>Whether it is a share or a correlation, 1 at best, which is shown in percent; else it is counted in the unit of the labels or outputs, e.g. metres of a depth map.</summary>
    public bool IsFraction { get; init; } = true;

    /// <summary>False for errors and distances.</summary>
    public bool IsHigherBetter { get; init; } = true;

    /// <summary>
    /// A score for each item, or group of items, whose mean is the value, as differences between models are tested on: the item's own
    /// share where the value is a mean, its influence where it is not. Null where there is none.
    /// </summary>
    public IReadOnlyList<double>? ItemScores { get; init; }

    /// <summary>Standard error of the value over the items; NaN for fewer than two or without scores.</summary>
    public double StandardError => ItemScores is { } scores ? Spread(scores) : double.NaN;

    /// <summary>
    /// What an edit cost, in the unit that limits are given in: points (hundredths) of a fraction, percent of the value before for all
    /// others; above 0 is worse.
    /// </summary>
    /// <param name="after">The same metric after the edit.</param>
    public double Loss(MetricValue after)
    {
        ArgumentNullException.ThrowIfNull(after);
        var worse = IsHigherBetter ? Value - after.Value : after.Value - Value;
        return 100 * (IsFraction ? worse : worse == 0 ? 0 : worse / Math.Abs(Value));
    }

    /// <summary>Standard error of the difference to the same metric of another model on the same items, in the value's unit; NaN where it is not known.</summary>
    /// <param name="other">The other model's.</param>
    public double PairedError(MetricValue other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ItemScores is { } own && other.ItemScores is { } others && own.Count == others.Count ? Spread([.. own.Zip(others, (a, b) => a - b)]) : double.NaN;
    }

    static double Spread(IReadOnlyList<double> scores)
    {
        if (scores.Count < 2) return double.NaN;
        var mean = scores.Average();
        return Math.Sqrt(scores.Sum(score => (score - mean) * (score - mean)) / (scores.Count - 1) / scores.Count);
    }
}
