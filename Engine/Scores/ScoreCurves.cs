using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Scores;

/// <summary>Elimination curves from any score, so that budgets are spread the same way whatever channels are judged by.</summary>
static class ScoreCurves
{
    /// <summary>
    /// Orders the cells of each group by score, the lowest first and ties by index. The damage of a removal is the
    /// cell's share of its group's sum of scores. Cells whose score is NaN are left out, and so are groups without others.
    /// </summary>
    /// <param name="analysis">The model's channels.</param>
    /// <param name="scores">One score per cell, not negative, larger = keep.</param>
    public static Dictionary<ChannelGroup, GroupCurve> From(ChannelAnalysis analysis, double[] scores)
    {
        ArgumentNullException.ThrowIfNull(analysis);
        ArgumentNullException.ThrowIfNull(scores);
        if (scores.Length != analysis.CellCount)
            throw new ArgumentException($"{analysis.CellCount} cells need as many scores, not {scores.Length}.", nameof(scores));
        Dictionary<ChannelGroup, GroupCurve> curves = [];
        foreach (var group in analysis.Groups)
        {
            int[] order = [.. group.Cells.Where(c => analysis.LockOf(c) is null && !double.IsNaN(scores[c])).OrderBy(c => scores[c]).ThenBy(c => c)];
            if (order.Length == 0) continue;
            var sum = order.Sum(c => scores[c]);
            curves[group] = new GroupCurve(order, [.. order.Select(c => sum > 0 ? scores[c] / sum : 0)]);
        }
        return curves;
    }
}
