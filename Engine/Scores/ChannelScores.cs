using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Scores;

/// <summary>Scores the cells of a model. Layers are comparable: each has mean 1 before cells are averaged over layers.</summary>
public static class ChannelScores
{
    /// <summary>Whether a score needs calibration statistics.</summary>
    public static bool NeedsStatistics(ChannelScoreKind kind) => kind is not (ChannelScoreKind.L1 or ChannelScoreKind.L2 or ChannelScoreKind.Random);

    /// <summary>The least that must be measured for a score.</summary>
    public static StatisticsOptions Needs(ChannelScoreKind kind) => new()
    {
        ClassSums = false,
        MeanMaps = kind == ChannelScoreKind.TvsPrune,
        IndependenceImages = kind == ChannelScoreKind.Chip ? 128 : 0,
        Grams = kind is ChannelScoreKind.Obs or ChannelScoreKind.Auto,
        Activations = kind is not (ChannelScoreKind.Obs or ChannelScoreKind.Auto),
    };

    /// <summary>Scores every cell.</summary>
    /// <param name="kind">Which score.</param>
    /// <param name="aggregation">How scores for classes become one; used by the class scores only.</param>
    /// <param name="analysis">The model's channels.</param>
    /// <param name="statistics">Statistics of the same model; may be null where <see cref="NeedsStatistics"/> is false.</param>
    /// <param name="seed">Seed of <see cref="ChannelScoreKind.Random"/>.</param>
    /// <returns>One score per cell, larger = keep; NaN for cells that are locked or that nothing is known about.</returns>
    /// <exception cref="OnnxEngineException">The score needs statistics that are not there.</exception>
    public static double[] Compute(
        ChannelScoreKind kind, ClassAggregation aggregation, ChannelAnalysis analysis, CalibrationStatistics? statistics, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(analysis);
        var scores = kind switch
        {
            ChannelScoreKind.Random => Draw(analysis.CellCount, seed),
            ChannelScoreKind.L1 or ChannelScoreKind.L2 => WeightScores.Compute(analysis, kind),
            ChannelScoreKind.Obs or ChannelScoreKind.Auto => ReconstructionScores.Compute(analysis, Require(kind, statistics)),
            _ => PointScores.Compute(analysis, kind, aggregation, Require(kind, statistics)),
        };
        for (var cell = 0; cell < scores.Length; cell++)
            if (analysis.LockOf(cell) is not null) scores[cell] = double.NaN;
        return scores;
    }

    static double[] Draw(int cells, ulong seed)
    {
        var random = new Philox4x32(seed, RandomStreams.RandomScores);
        var scores = new double[cells];
        for (var i = 0; i < cells; i++) scores[i] = random.NextDouble();
        return scores;
    }

    static CalibrationStatistics Require(ChannelScoreKind kind, CalibrationStatistics? statistics) => statistics ?? throw new OnnxEngineException(
        ErrorKind.Usage, $"The score {kind} needs statistics of activations; give data, or a .moments file written by `onnxedit stats`.");
}
