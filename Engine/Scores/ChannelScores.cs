using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Scores;

/// <summary>
/// What channels can be judged by, and scores of the cells of a model. Layers are comparable: each has mean 1 before cells are
/// averaged over layers.
/// </summary>
static class ChannelScores
{
    /// <summary>All scores; a new one is a row here.</summary>
    internal static Choices<ScoreRow> Table { get; } = new(
        "score",
        AutoScore.Row,
        TotalVariationScore.Row,
        FisherScore.Row,
        MinimaxScores.Mpm,
        MinimaxScores.MpmRobust,
        KolmogorovScore.Row,
        MapDistanceScore.Row,
        IndependenceScore.Row,
        WeightScores.L1,
        WeightScores.L2,
        ReconstructionScores.Row,
        RandomScore.Row);

    /// <summary>Names of the scores.</summary>
    public static IReadOnlyList<string> Names => Table.Names;

    /// <summary>Whether a score cannot do without calibration statistics.</summary>
    /// <exception cref="OnnxEngineException">There is no such score (<see cref="ErrorKind.Usage"/>).</exception>
    public static bool NeedsStatistics(string score) => Table.Of(score).For(hasStatistics: false).Needs is not null;

    /// <summary>The least that must be measured for a score.</summary>
    /// <exception cref="OnnxEngineException">There is no such score (<see cref="ErrorKind.Usage"/>).</exception>
    public static StatisticsOptions Needs(string score) => Table.Of(score).For(hasStatistics: true).Needs ?? ScoreRow.Nothing;

    /// <summary>Scores every cell.</summary>
    /// <param name="score">Which score, one of <see cref="Names"/>.</param>
    /// <param name="aggregation">How scores for classes become one; used by the class scores only.</param>
    /// <param name="analysis">The model's channels.</param>
    /// <param name="statistics">Statistics of the same model; may be null where <see cref="NeedsStatistics"/> is false.</param>
    /// <param name="seed">Seed of the score "random".</param>
    /// <returns>One score per cell, larger = keep; NaN for cells that are locked or that nothing is known about.</returns>
    /// <exception cref="OnnxEngineException">There is no such score, or it needs statistics that are not there.</exception>
    public static double[] Compute(
        string score, ClassAggregation aggregation, ChannelAnalysis analysis, CalibrationStatistics? statistics, ulong seed = 0) =>
        Compute(Table.Of(score).For(statistics is not null), aggregation, analysis, statistics, seed);

    internal static double[] Compute(ScoreRow row, ClassAggregation aggregation, ChannelAnalysis analysis, CalibrationStatistics? statistics, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(analysis);
        if (row.Needs is not null && statistics is null)
            throw new OnnxEngineException(ErrorKind.Usage, $"The score {row.Name} needs statistics of activations; give data, or a .moments file written by MomentsBundle.Write.");
        var scores = row.Cells!(analysis, statistics, aggregation, seed);
        for (var cell = 0; cell < scores.Length; cell++)
            if (analysis.LockOf(cell) is not null) scores[cell] = double.NaN;
        return scores;
    }
}
