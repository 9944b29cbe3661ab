using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
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

    /// <summary>How good the original is on the test data, or null without labels that its task is measured on.</summary>
    public TaskMeasurement? MeasuredBefore { get; init; }

    /// <summary>How good it is right after removal, on the first 1,000 test items of a classifier.</summary>
    public TaskMeasurement? MeasuredAfterSurgery { get; init; }

    /// <summary>How good the result is on the test data.</summary>
    public TaskMeasurement? MeasuredAfter { get; init; }

    /// <summary>How far the answers of the model right after removal agree with the original's, where there are no labels.</summary>
    public TaskMeasurement? AgreementAfterSurgery { get; init; }

    /// <summary>The same of the result.</summary>
    public TaskMeasurement? Agreement { get; init; }

    /// <summary>Test accuracy of an original that is a classifier.</summary>
    public Evaluation? AccuracyBefore => MeasuredBefore?.Classification;

    /// <summary>Its accuracy right after removal, on the first 1,000 test items of a classifier.</summary>
    public Evaluation? AccuracyAfterSurgery => MeasuredAfterSurgery?.Classification;

    /// <summary>Test accuracy of the result.</summary>
    public Evaluation? AccuracyAfter => MeasuredAfter?.Classification;

    /// <summary>The training that followed, if there was one.</summary>
    public FinetuneReport? Finetuning { get; init; }

    /// <summary>
    /// Largest difference between the model without the channels and the original with them masked, before recovery,
    /// as a fraction of max(1, largest output); null for a plan only.
    /// </summary>
    public double? EquivalenceError { get; init; }

    /// <summary>How far outputs are from the original's, where accuracy is not measured.</summary>
    internal OutputComparison? Outputs { get; init; }

    /// <summary>True where agreement and outputs are those on random numbers: a file that is spoilt for real data may have perfect ones.</summary>
    public bool IsOnRandomItems { get; init; }

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
