using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>What an unlearning did.</summary>
public sealed record UnlearnReport
{
    /// <summary>The forgotten classes.</summary>
    public required IReadOnlyList<int> Classes { get; init; }

    /// <summary>What was measured; null without labelled test images.</summary>
    public required UnlearnMeasurement? Measured { get; init; }

    /// <summary>The training that followed, if there was one.</summary>
    public FinetuneReport? Finetuning { get; init; }

    /// <summary>What was measured before that training.</summary>
    public UnlearnMeasurement? MeasuredBeforeFinetuning { get; init; }

    /// <summary>How fast the classes are learned again (<see cref="RelearningCurve"/>), if that was measured.</summary>
    internal IReadOnlyList<RelearningPoint>? Relearning { get; init; }

    /// <summary>Counts of the original.</summary>
    public required ModelCounts Before { get; init; }

    /// <summary>Counts of the edited model, smaller only where channels were removed.</summary>
    public required ModelCounts After { get; init; }

    /// <summary>Groups of channels that were made smaller; empty without physical removal.</summary>
    public required IReadOnlyList<SlimmedGroup> Removed { get; init; }

    /// <summary>One sentence: what was done, on what.</summary>
    public required string Basis { get; init; }

    /// <summary>Things the user should know, one sentence each.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}
