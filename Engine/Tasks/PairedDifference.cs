namespace OnnxEdit.Engine.Tasks;

/// <summary>
/// The accuracy of one model minus that of another on the same images. Most images are judged alike by both, so the
/// standard error of the paired difference is far smaller than that of two separate accuracies.
/// </summary>
public sealed record PairedDifference
{
    /// <summary>Number of images.</summary>
    public required int Count { get; init; }

    /// <summary>Images only the first model classifies correctly.</summary>
    public required int OnlyFirst { get; init; }

    /// <summary>Images only the second model classifies correctly.</summary>
    public required int OnlySecond { get; init; }

    /// <summary>Accuracy of the second model minus that of the first, as a fraction of one.</summary>
    public double Difference => (double)(OnlySecond - OnlyFirst) / Count;

    /// <summary>Standard error of <see cref="Difference"/>: sqrt((p01 + p10 - (p01 - p10)^2) / (n - 1)).</summary>
    public double StandardError
    {
        get
        {
            var changed = (double)(OnlyFirst + OnlySecond) / Count;
            return Count < 2 ? double.NaN : Math.Sqrt(Math.Max(0, changed - (Difference * Difference)) / (Count - 1));
        }
    }

    /// <summary>Compares two models image by image.</summary>
    /// <param name="first">Whether the first model classifies each image correctly.</param>
    /// <param name="second">The same for the second model, on the same images in the same order.</param>
    public static PairedDifference Of(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        if (first.Count != second.Count)
            throw new ArgumentException($"The models were measured on {first.Count} and {second.Count} items; a paired comparison needs the same items.", nameof(second));
        int onlyFirst = 0, onlySecond = 0;
        for (var i = 0; i < first.Count; i++)
        {
            onlyFirst += first[i] && !second[i] ? 1 : 0;
            onlySecond += second[i] && !first[i] ? 1 : 0;
        }

        return new PairedDifference { Count = first.Count, OnlyFirst = onlyFirst, OnlySecond = onlySecond };
    }
}
