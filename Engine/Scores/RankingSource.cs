using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Scores;

/// <summary>What a ranking of channels stands on.</summary>
/// <param name="Model">The model as loaded.</param>
/// <param name="Analysis">Its channels.</param>
sealed record RankingSource(OnnxModel Model, ChannelAnalysis Analysis)
{
    /// <summary>Images to measure on; null: there are none.</summary>
    public ItemSet? Images { get; init; }

    /// <summary>Statistics from a file, used where there are no images.</summary>
    public CalibrationStatistics? Stored { get; init; }

    /// <summary>Gram sums from the same file.</summary>
    public required GramSource StoredGrams { get; init; }

    /// <summary>Images per run.</summary>
    public required int Batch { get; init; }

    /// <summary>Output positions sampled per image for Gram sums.</summary>
    public required int Positions { get; init; }

    /// <summary>How scores for classes become one.</summary>
    public ClassAggregation Aggregation { get; init; }

    /// <summary>Seed of every draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>Elimination curves by a score.</summary>
    public IReadOnlyDictionary<ChannelGroup, GroupCurve> Curves(ScoreRow score, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        if (score.Curves is { } own) return own(this, progress, cancellation);
        var statistics = score.Needs is not { } needs ? null
            : Images is { } images ? CalibrationStatistics.Collect(Model, Analysis, images, needs with { Seed = Seed }, progress, cancellation)
            : Stored;
        return ScoreCurves.From(Analysis, ChannelScores.Compute(score, Aggregation, Analysis, statistics, Seed));
    }
}
