using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Reporting;

/// <summary>How to compare an edited model with what it was made from.</summary>
public sealed record ReportOptions
{
    /// <summary>How accuracy is measured, and from which output, of both models.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>How the models are timed.</summary>
    public LatencyOptions Latency { get; init; } = new() { MinimumSeconds = 1, MaximumSeconds = 10, MinimumPairs = 20, Precision = 0.01, LongestMilliseconds = 1000 };

    /// <summary>Shapes, by name, of inputs that leave more than the batch open; -1 for the batch. Null: none does.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }

    /// <summary>Bars of a histogram.</summary>
    public int Bins { get; init; } = 48;

    /// <summary>What the edit measured already, on the same images; the rest is measured.</summary>
    internal KnownFigures? Known { get; init; }

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}

/// <summary>Figures of a comparison that were measured before it, null where they were not.</summary>
/// <param name="Before">Accuracy of the original.</param>
/// <param name="After">Accuracy of the edited model.</param>
/// <param name="Latency">Their times, in turns.</param>
sealed record KnownFigures(Evaluation? Before, Evaluation? After, IReadOnlyList<LatencyResult>? Latency = null);
