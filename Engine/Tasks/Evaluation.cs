namespace OnnxEdit.Engine.Tasks;

/// <summary>How well a classifier does on labelled images. Accuracies are fractions of one.</summary>
public sealed record Evaluation
{
    /// <summary>Number of labelled images.</summary>
    public required int Count { get; init; }

    /// <summary>Fraction of images whose label has the highest score.</summary>
    public required double Top1 { get; init; }

    /// <summary>Fraction of images whose label is among the five highest scores.</summary>
    public required double Top5 { get; init; }

    /// <summary>Mean over the images of logit[label] - max over the others: how sure the model is, negative where it errs.</summary>
    public required double MeanMargin { get; init; }

    /// <summary>The same by class, indexed by the model's output.</summary>
    public required IReadOnlyList<ClassAccuracy> PerClass { get; init; }

    /// <summary>Whether each labelled image is classified correctly, in the order of the set; compare two models with <see cref="PairedDifference"/>.</summary>
    public required IReadOnlyList<bool> Correct { get; init; }

    /// <summary>The class with the highest score for each labelled image, in the order of the set.</summary>
    public required IReadOnlyList<int> Predicted { get; init; }

    /// <summary>The label of each labelled image, in the order of the set.</summary>
    public required IReadOnlyList<int> Labels { get; init; }

    /// <summary>logit[label] - max over the others for each labelled image, in the order of the set.</summary>
    public required IReadOnlyList<double> Margins { get; init; }

    /// <summary>The output the scores were read from.</summary>
    public required string OutputName { get; init; }

    /// <summary>Number of classes the model tells apart.</summary>
    public int Classes => PerClass.Count;

    /// <summary>Fraction of the images of some classes that is classified correctly, 0 where there are none.</summary>
    public double On(Func<int, bool> isIncluded)
    {
        var classes = PerClass.Where(c => isIncluded(c.Class)).ToArray();
        return (double)classes.Sum(c => c.Correct) / Math.Max(1, classes.Sum(c => c.Count));
    }

    /// <summary>
    /// Fraction of the images whose predicted class differs from that of another model on the same set. Of the gains and
    /// losses that make up a change in accuracy most cancel, so this tells two edits apart that accuracy does not.
    /// </summary>
    /// <exception cref="ArgumentException">The other was measured on another number of images.</exception>
    public double ChangedFrom(Evaluation other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Count != Count) throw new ArgumentException($"The models were measured on {other.Count} and {Count} items; predictions can be compared on the same items only.", nameof(other));
        return (double)Enumerable.Range(0, Count).Count(i => Predicted[i] != other.Predicted[i]) / Math.Max(1, Count);
    }

    /// <summary>Standard error of <see cref="Top1"/>: sqrt(p (1 - p) / n).</summary>
    public double StandardError => Math.Sqrt(Top1 * (1 - Top1) / Count);
}
