using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Engine.Reporting;

/// <summary>How well the models answer on the same labelled images. Accuracies are fractions of one.</summary>
public sealed record AccuracyChange
{
    /// <summary>Number of labelled images.</summary>
    public required int Images { get; init; }

    /// <summary>The model before; null: there is only one.</summary>
    public ModelAccuracy? Before { get; init; }

    /// <summary>The edited model.</summary>
    public required ModelAccuracy After { get; init; }

    /// <summary>Accuracy after minus before, paired over the images.</summary>
    public PairedDifference? Difference { get; init; }

    /// <summary>Fraction of the images that are taken for another class than before.</summary>
    public double? ChangedPredictions { get; init; }

    /// <summary>One entry per class that has images.</summary>
    public required IReadOnlyList<ClassChange> Classes { get; init; }

    /// <summary>Distribution of the margin of the right class: its score minus the best of the others, below 0 where the model errs.</summary>
    public required PairedHistogram Margins { get; init; }

    /// <summary>Pairs of label and wrong answer that became more or less frequent, the largest changes first; empty for one model.</summary>
    public required IReadOnlyList<ConfusionChange> Confusions { get; init; }
}
