using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Scores;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Decides what the ranking of channels stands on - calibration items, a statistics file, or the weights alone -
/// and makes the elimination curves from it.
/// </summary>
sealed class ChannelRanking
{
    readonly ChannelAnalysis _analysis;
    readonly SlimData _data;
    readonly ScoreRow _score;
    readonly RankingSource _ground;

    ChannelRanking(OnnxModel source, ChannelAnalysis analysis, SlimData data, SlimOptions options, ScoreRow score)
    {
        (_analysis, _data, _score) = (analysis, data, score);
        _ground = new RankingSource(source, analysis)
        {
            Images = data.Calibration is { } images ? First(images, options.Effort!.RankingImages) : null,
            Stored = data.Moments?.Statistics,
            StoredGrams = Grams,
            Batch = options.Batch,
            Positions = options.Effort!.PositionsPerImage,
            Aggregation = options.Aggregation,
            Seed = options.Seed,
        };
    }

    /// <summary>Name of the score used.</summary>
    public string Score => _score.Name;

    /// <summary>Where it comes from.</summary>
    public string Statistics => _score.Needs is null ? "weights" : _data.Calibration is { } images ? $"{images.Count} items" : "statistics file";

    /// <summary>One sentence on both.</summary>
    public string Basis => $"Channels ranked by '{Score}' from {(Statistics == "weights" ? "the weights only" : _data.Calibration is null ? "the statistics file" : FormattableString.Invariant($"{_data.Calibration.Count:N0} calibration items"))}.";

    /// <summary>Resolves the options.</summary>
    /// <exception cref="OnnxEngineException">There is no such score, or it needs data that is not there.</exception>
    public static ChannelRanking Of(OnnxModel source, ChannelAnalysis analysis, SlimData data, SlimOptions options)
    {
        var hasStatistics = data.Calibration is not null || data.Moments is not null;
        var score = ChannelScores.Table.Of(options.Score).For(hasStatistics);
        if (score.Needs is null || hasStatistics) return new ChannelRanking(source, analysis, data, options, score);
        string[] without = [.. ChannelScores.Table.Rows.Where(row => row.Needs is null && row.Instead is null).Select(row => row.Name)];
        throw new OnnxEngineException(ErrorKind.Data,
            $"Score '{score.Name}' looks at activations; give SlimData.Calibration or SlimData.Moments, or use SlimOptions.Score = {string.Join(", ", without[..^1])} or {without[^1]}.");
    }

    /// <summary>Gram sums of the statistics file.</summary>
    public GramSums[]? Grams(ConsumerSlice slice, UnitTarget target, int number) => _data.Moments?.Grams(new NodeNames(_analysis.Model.Proto.Graph).Of(slice.Node));

    /// <summary>The elimination curves.</summary>
    public IReadOnlyDictionary<ChannelGroup, GroupCurve> Curves(IProgress<WorkProgress>? progress, CancellationToken cancellation) =>
        _ground.Curves(_score, progress, cancellation);

    static ItemSet First(ItemSet images, int count) => images.Count <= count ? images : images.Select([.. Enumerable.Range(0, count)]);
}
