using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>Figures of a slim.</summary>
public sealed record SlimReport
{
    /// <summary>Counts of the original.</summary>
    public required ModelCounts Before { get; init; }

    /// <summary>Counts of the slim model; for a plan only, predicted (bytes included).</summary>
    public required ModelCounts After { get; init; }

    /// <summary>Every group with a channel removed.</summary>
    public required IReadOnlyList<SlimmedGroup> Groups { get; init; }

    /// <summary>Groups that could have lost channels, and those locked.</summary>
    public required (int Free, int Locked) GroupCounts { get; init; }

    /// <summary>Test accuracy of the original, or null without labelled test data.</summary>
    public Evaluation? AccuracyBefore { get; init; }

    /// <summary>Accuracy right after removal, on the first 1,000 test images.</summary>
    public Evaluation? AccuracyAfterSurgery { get; init; }

    /// <summary>The training that followed, if there was one.</summary>
    public FinetuneReport? Finetuning { get; init; }

    /// <summary>Test accuracy of the result.</summary>
    public Evaluation? AccuracyAfter { get; init; }

    /// <summary>
    /// Largest difference between the model without the channels and the original with them masked, before recovery,
    /// as a fraction of max(1, largest output); null for a plan only.
    /// </summary>
    public double? EquivalenceError { get; init; }

    /// <summary>Why accuracy is not measured although there is data, as half a sentence, e.g. "not a classifier: ..."; null where it is, or where there is no data.</summary>
    public string? NoAccuracyBecause { get; init; }

    /// <summary>How far outputs are from the original's, where accuracy is not measured.</summary>
    public OutputComparison? Outputs { get; init; }

    /// <summary>Shapes the inputs were run with, where the model leaves more than the batch open; -1 for the batch.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }

    /// <summary>One sentence: what the ranking and the recovery were based on.</summary>
    public required string Basis { get; init; }

    /// <summary>Things the user should know, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Accuracy of the result minus that of the original, paired over the test images.</summary>
    public PairedDifference? Difference => AccuracyBefore is { } a && AccuracyAfter is { } b ? PairedDifference.Of(a.Correct, b.Correct) : null;

    /// <summary>Fraction of the test images whose predicted class changed.</summary>
    public double? ChangedPredictions => AccuracyBefore is { } before ? AccuracyAfter?.ChangedFrom(before) : null;
}
