using OnnxEdit.Engine.Statistics;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Scores;

/// <summary>Scores from the elimination curves of <see cref="ReconstructionCurves"/>.</summary>
static class ReconstructionScores
{
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
