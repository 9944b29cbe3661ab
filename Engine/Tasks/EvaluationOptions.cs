using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Tasks;

/// <summary>How to measure accuracy.</summary>
public sealed record EvaluationOptions
{
    /// <summary>The output, or any tensor of the graph, that holds the logits; null: the first output that looks like class scores.</summary>
    public string? Output { get; init; }

    /// <summary>Images per run at most; models with a fixed batch keep theirs.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}
