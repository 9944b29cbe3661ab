using System.Globalization;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Statistics;

/// <summary>
/// Everything that is measured on calibration images of one model: class statistics at every point that linear
/// operators read, and Gram sums of those operators. Memory is bounded by the model, not by the data.
/// </summary>
public sealed class CalibrationStatistics
{
    readonly Dictionary<string, PackedGrams> _units;

    internal CalibrationStatistics(IReadOnlyDictionary<string, PointStatistics> points, IReadOnlyList<PackedGrams> units) =>
        (Points, Units, _units) = (points, units, units.ToDictionary(u => u.Node));

    /// <summary>SHA-256 of the model measured, lower-case hex.</summary>
    public required string ModelSha256 { get; init; }

    /// <summary>Number of images measured.</summary>
    public required int Images { get; init; }

    /// <summary>Images per class; images without a class are in none.</summary>
    public required IReadOnlyList<int> ClassCounts { get; init; }

    /// <summary>Names of the classes, or null.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Where the classes of the images come from.</summary>
    public required LabelSource Labels { get; init; }

    /// <summary>What was left out, and why.</summary>
    public required IReadOnlyList<SkippedStatistics> Skipped { get; init; }

    /// <summary>Statistics by tensor name, in graph order.</summary>
    internal IReadOnlyDictionary<string, PointStatistics> Points { get; }

    /// <summary>Number of linear units with Gram sums.</summary>
    public int UnitCount => Units.Count;

    /// <summary>A sentence for the reader: how many images, and whose labels.</summary>
    public string Description => string.Create(CultureInfo.InvariantCulture, $"{Images:N0} items, ") + (Labels == LabelSource.Data
        ? "classes from the data's labels."
        : "classes predicted by the model itself because the data has no labels.");

    /// <summary>Gram sums in graph order.</summary>
    internal IReadOnlyList<PackedGrams> Units { get; }

    /// <summary>Sums by class at the end of the body, which unlearning needs; null: none.</summary>
    internal FeatureSums? Features { get; init; }

    /// <summary>Whether unlearning can work from these statistics alone.</summary>
    public bool HasClassSums => Features is not null;

    /// <summary>Measures a model on images.</summary>
    /// <param name="model">The model.</param>
    /// <param name="analysis">Its channels; the analysed graph is the one that runs.</param>
    /// <param name="images">Calibration images; labels are used where there are any.</param>
    /// <param name="options">What to measure; null: everything.</param>
    /// <param name="progress">Told how far the work is.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OnnxEngineException">Activations are not finite, labels do not fit, or the model is no classifier.</exception>
    internal static CalibrationStatistics Collect(
        OnnxModel model, ChannelAnalysis analysis, ItemSet images, StatisticsOptions? options = null,
        IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new StatisticsOptions();
        using var execution = ExecutionOptions.Enter(options.Execution);
        return new StatisticsCollector(model, analysis, images, options, progress, cancellation).Run();
    }

    /// <summary>Gram sums of each group of a consumer, by the identity of its node; null when there are none.</summary>
    internal GramSums[]? Grams(string node) => _units.GetValueOrDefault(node)?.Unpack();

    /// <summary>The Gram sums as elimination curves ask for them.</summary>
    /// <exception cref="OnnxEngineException">There are none at all.</exception>
    internal GramSource GramSource(ChannelAnalysis analysis)
    {
        if (Units.Count == 0)
            throw new OnnxEngineException(ErrorKind.Data, "The statistics hold no Gram sums, which reconstruction needs; collect them again, or choose another score.");
        var names = new NodeNames(analysis.Model.Proto.Graph);
        return (slice, _, _) => Grams(names.Of(slice.Node));
    }
}
