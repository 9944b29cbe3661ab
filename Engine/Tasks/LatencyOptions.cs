using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Tasks;

/// <summary>How to time models.</summary>
public sealed record LatencyOptions
{
    /// <summary>Batch sizes to time; a model with a fixed batch is timed at its own instead.</summary>
    public IReadOnlyList<int> BatchSizes { get; init; } = [1, 32];

    /// <summary>Measurements of each model at least.</summary>
    public int MinimumPairs { get; init; } = 30;

    /// <summary>Seconds spent on each model and batch size at least.</summary>
    public double MinimumSeconds { get; init; } = 2;

    /// <summary>
    /// How surely the median is known for a batch size to end before <see cref="MinimumSeconds"/>: its 95 % half-width
    /// 1.57 IQR / sqrt(n) relative to it (McGill, Tukey and Larsen 1978), of the ratio where two models are timed. 0: never before.
    /// </summary>
    public double Precision { get; init; }

    /// <summary>Seconds after which a batch size ends early, with however many pairs there are (three at least).</summary>
    public double MaximumSeconds { get; init; } = 30;

    /// <summary>Milliseconds that a run may be expected to take, from a smaller batch, for a further batch size to be timed.</summary>
    public double LongestMilliseconds { get; init; } = double.PositiveInfinity;

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }

    /// <summary>Shapes, by name, of inputs that leave more than the batch open; their first extent is not used. Null: none does.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }
}
