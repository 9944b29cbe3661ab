using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Scores;

/// <summary>
/// Reconstruction error that the channel's removal adds in the layers that read it (optimal brain surgeon), from the elimination
/// curves of <see cref="ReconstructionCurves"/>.
/// </summary>
static class ReconstructionScores
{
    /// <summary>Its row.</summary>
    public static ScoreRow Row { get; } = new("obs")
    {
        Needs = ScoreRow.Nothing with { Grams = true },
        Cells = (analysis, statistics, _, _) => Compute(analysis, statistics!),
        Curves = Curves,
    };

    static Dictionary<ChannelGroup, GroupCurve> Curves(RankingSource source, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var analysis = source.Analysis;
        if (source.Images is not { } images) return ReconstructionCurves.Measure(analysis, source.StoredGrams, progress, cancellation);
        using var grams = new CalibrationGrams(analysis.Model, images, source.Batch, source.Positions, source.Seed, cancellation, progress);
        return ReconstructionCurves.Measure(analysis, (_, target, number) => grams.Of(target, number), progress, cancellation,
            (slices, cells) => grams.Masked(slices, cells, HeadTargets.CanFit(analysis, slices[0].Node)), grams.Gains, grams.Columns, source.Seed);
    }

    /// <summary>
    /// The damage of a cell's removal after those before it in its group, made non-decreasing, so that ordering cells
    /// by score gives the order of elimination back. Errors are relative to the variance of what each layer feeds,
    /// hence comparable between layers as they are.
    /// </summary>
    /// <exception cref="OnnxEngineException">The statistics hold no Gram sums.</exception>
    public static double[] Compute(ChannelAnalysis analysis, CalibrationStatistics statistics)
    {
        var scores = new double[analysis.CellCount];
        Array.Fill(scores, double.NaN);
        var curves = ReconstructionCurves.Measure(analysis, statistics.GramSource(analysis), null, CancellationToken.None);
        foreach (var curve in curves.Values)
        {
            var highest = 0.0;
            for (var i = 0; i < curve.Cells.Count; i++)
            {
                // The least step up keeps equal damages in their order.
                highest = Math.Max(i == 0 ? 0 : Math.BitIncrement(highest), curve.Damage[i]);
                scores[curve.Cells[i]] = highest;
            }
        }
        return scores;
    }
}
