using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Decides what the ranking of channels stands on - calibration images, a statistics file, or the weights alone -
/// and makes the elimination curves from it.
/// </summary>
sealed class ChannelRanking
{
    readonly OnnxModel _source;
    readonly ChannelAnalysis _analysis;
    readonly SlimData _data;
    readonly SlimOptions _options;
    readonly ChannelScoreKind _kind;

    ChannelRanking(OnnxModel source, ChannelAnalysis analysis, SlimData data, SlimOptions options, ChannelScoreKind kind) =>
        (_source, _analysis, _data, _options, _kind) = (source, analysis, data, options, kind);

    /// <summary>Name of the score used.</summary>
    public string Score => _kind.ToString().ToLowerInvariant();

    /// <summary>Where it comes from.</summary>
    public string Statistics => !ChannelScores.NeedsStatistics(_kind) ? "weights" : _data.Calibration is { } images ? $"{images.Count} images" : "statistics file";

    /// <summary>One sentence on both.</summary>
    public string Basis => $"Channels ranked by '{Score}' from {(Statistics == "weights" ? "the weights only" : _data.Calibration is null ? "the statistics file" : $"{_data.Calibration.Count:N0} calibration images")}.";

    /// <summary>Resolves the options.</summary>
    /// <exception cref="OnnxEngineException">The score asked for needs data that is not there.</exception>
    public static ChannelRanking Of(OnnxModel source, ChannelAnalysis analysis, SlimData data, SlimOptions options)
    {
        var hasStatistics = data.Calibration is not null || data.Moments is not null;
        var kind = options.Score != ChannelScoreKind.Auto ? options.Score : hasStatistics ? ChannelScoreKind.Obs : ChannelScoreKind.L2;
        if (ChannelScores.NeedsStatistics(kind) && !hasStatistics)
            throw new OnnxEngineException(ErrorKind.Data,
                $"Score '{kind.ToString().ToLowerInvariant()}' looks at activations; give --data or --moments, or use --score l1, l2 or random.");
        return new ChannelRanking(source, analysis, data, options, kind);
    }

    /// <summary>Gram sums of the statistics file.</summary>
    public GramSums[]? Grams(ConsumerSlice slice, UnitTarget target, int number) => _data.Moments?.Grams(new NodeNames(_analysis.Model.Proto.Graph).Of(slice.Node));

    /// <summary>The elimination curves.</summary>
    public IReadOnlyDictionary<ChannelGroup, GroupCurve> Curves(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        if (_kind == ChannelScoreKind.Obs)
        {
            if (_data.Calibration is not { } images) return ReconstructionCurves.Measure(_analysis, Grams, progress, cancellation);
            using var grams = new CalibrationGrams(_analysis.Model, First(images), _options.Batch, _options.Effort!.PositionsPerImage, _options.Seed, cancellation);
            return ReconstructionCurves.Measure(_analysis, (_, target, number) => grams.Of(target, number), progress, cancellation,
                (slices, cells) => grams.Masked(slices, cells, HeadTargets.CanFit(_analysis, slices[0].Node)), grams.Gains);
        }
        var statistics = !ChannelScores.NeedsStatistics(_kind) ? null : _data.Calibration is { } set
            ? CalibrationStatistics.Collect(_source, _analysis, First(set), ChannelScores.Needs(_kind) with { Seed = _options.Seed }, progress, cancellation)
            : _data.Moments!.Statistics;
        var scores = ChannelScores.Compute(_kind, _options.Aggregation, _analysis, statistics, _options.Seed);
        return ScoreCurves.From(_analysis, scores);
    }

    ItemSet First(ItemSet images) =>
        images.Count <= _options.Effort!.RankingImages ? images : images.Select([.. Enumerable.Range(0, _options.Effort!.RankingImages)]);
}
