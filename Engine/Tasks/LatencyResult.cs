namespace OnnxEdit.Engine.Tasks;

/// <summary>Times of one model, or of two models in turns, at one batch size.</summary>
public sealed record LatencyResult
{
    /// <summary>Items per run.</summary>
    public required int Batch { get; init; }

    /// <summary>Measurements of each model.</summary>
    public required int Pairs { get; init; }

    /// <summary>Milliseconds per run of the first model.</summary>
    public required Quartiles First { get; init; }

    /// <summary>Milliseconds per run of the second model; null when there was only one.</summary>
    public Quartiles? Second { get; init; }

    /// <summary>Every measurement of the first model in milliseconds, in the order they were made.</summary>
    public IReadOnlyList<double> FirstTimes { get; init; } = [];

    /// <summary>Every measurement of the second model, the n-th made together with the n-th of the first.</summary>
    public IReadOnlyList<double> SecondTimes { get; init; } = [];

    /// <summary>
    /// Time of the first over time of the second, pair by pair: above 1 the second is faster. Its median is steadier
    /// than the ratio of the two medians, because both halves of a pair meet the same state of the machine.
    /// </summary>
    public Quartiles? SpeedUp { get; init; }

    /// <summary>
    /// Milliseconds per run of the second model, so that they agree with <see cref="SpeedUp"/>: the median of the first over the median
    /// speed-up. Null when there was only one model.
    /// </summary>
    public double? PairedSecond => SpeedUp is { } speed ? First.Median / speed.Median : null;

    /// <summary>Whether one factor says what happened: the quartiles of the speed-up lie within a factor of 1.5. True for one model.</summary>
    public bool IsSteady => SpeedUp is not { } speed || speed.Upper <= 1.5 * speed.Lower;
}
