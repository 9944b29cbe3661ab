using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Editing;

/// <summary>Options of a <see cref="LocalEditor"/>.</summary>
sealed record LocalEditorOptions
{
    /// <summary>Logits by which the class leads its rival after a step; a little more than nothing, so that rounding does not undo it.</summary>
    public double Margin { get; init; } = 0.01;

    /// <summary>Added to the diagonal of the second moments, relative to its mean.</summary>
    public double Ridge { get; init; } = 1e-3;

    /// <summary>Name of the logits, or null.</summary>
    public string? Output { get; init; }

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}
