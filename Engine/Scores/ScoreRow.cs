using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Scores;

/// <summary>What channels are judged by; a larger score always means a channel more worth keeping.</summary>
/// <param name="Name">The word that users type.</param>
sealed record ScoreRow(string Name) : IChoice
{
    /// <summary>Scores of all cells, NaN where nothing is known; there are statistics where <see cref="Needs"/> says so.</summary>
    public delegate double[] CellScores(ChannelAnalysis analysis, CalibrationStatistics? statistics, ClassAggregation aggregation, ulong seed);

    /// <summary>Elimination curves that a score makes itself, rather than from the scores of cells.</summary>
    public delegate Dictionary<ChannelGroup, GroupCurve> OwnCurves(RankingSource source, IProgress<WorkProgress>? progress, CancellationToken cancellation);

    /// <summary>No measurement at all; rows say what theirs add.</summary>
    public static StatisticsOptions Nothing { get; } = new() { ClassSums = false, MeanMaps = false, IndependenceImages = 0, Grams = false, Activations = false };

    /// <inheritdoc/>
    public string? Help { get; init; }

    /// <inheritdoc/>
    public string? Formerly { get; init; }

    /// <summary>The least that must be measured for it; null: weights are enough.</summary>
    public StatisticsOptions? Needs { get; init; }

    /// <summary>Scores of all cells; a row that stands for others has none.</summary>
    public CellScores? Cells { get; init; }

    /// <summary>Scores of the channels of one point; null where it is not made of these.</summary>
    public Func<PointStatistics, ClassAggregation, double[]>? Point { get; init; }

    /// <summary>Its elimination curves; null: each cell's share of the scores of its group.</summary>
    public OwnCurves? Curves { get; init; }

    /// <summary>The score that this name stands for, with and without statistics; null: itself.</summary>
    public Func<bool, ScoreRow>? Instead { get; init; }

    /// <summary>The score that is computed.</summary>
    /// <param name="hasStatistics">Whether there are statistics, or images to measure them on.</param>
    public ScoreRow For(bool hasStatistics) => Instead?.Invoke(hasStatistics) ?? this;
}
