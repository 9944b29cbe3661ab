using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Reporting;

/// <summary>How to compare an edited model with what it was made from.</summary>
public sealed record ReportOptions
{
    /// <summary>How accuracy is measured, and from which output, of both models.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>How the models are timed.</summary>
    public LatencyOptions Latency { get; init; } = new() { MinimumSeconds = 1, MaximumSeconds = 10, LongestMilliseconds = 1000 };

    /// <summary>Shapes, by name, of inputs that leave more than the batch open; -1 for the batch. Null: none does.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }

    /// <summary>Bars of a histogram.</summary>
    public int Bins { get; init; } = 48;

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}
