using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>
/// Spreads a budget over groups: always the next cell with the least damage per parameter (or MAC, or byte) saved,
/// until the budget is met. Savings are those at the moment of removal, so they shrink as neighbours shrink.
/// </summary>
static class Allocation
{
    /// <summary>Chooses the cells to remove.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="curves">Elimination curves.</param>
    /// <param name="saved">Picks the saving that counts.</param>
    /// <param name="done">True when the budget is met.</param>
    /// <returns>One flag per cell, and whether the budget could be met.</returns>
    public static (bool[] Removed, bool Reached) Choose(
        ChannelAnalysis analysis, IReadOnlyDictionary<ChannelGroup, GroupCurve> curves,
        Func<(double Parameters, double Macs, double Bytes), double> saved, Func<RemovalCost, bool> done)
    {
        var cost = new RemovalCost(analysis);
        var removed = new bool[analysis.CellCount];
        var next = curves.ToDictionary(c => c.Key, _ => 0);
        var floor = new LastChannelGuard(analysis);
        while (!done(cost))
        {
            var (best, bestRatio, bestCell) = ((ChannelGroup?)null, double.PositiveInfinity, -1);
            foreach (var (group, curve) in curves.OrderBy(c => c.Key.Index))
            {
                // Cells that are the last of some tensor are passed over.
                while (next[group] < curve.Cells.Count && !floor.MayRemove(curve.Cells[next[group]])) next[group]++;
                if (next[group] >= curve.Cells.Count) continue;
                var cell = curve.Cells[next[group]];
                var ratio = curve.Damage[next[group]] / Math.Max(1e-12, saved(cost.Gain([cell])));
                if (ratio >= bestRatio) continue;
                (best, bestRatio, bestCell) = (group, ratio, cell);
            }
            if (best is null) return (removed, false);
            next[best]++;
            removed[bestCell] = true;
            cost.Remove(bestCell);
            floor.Remove(bestCell);
        }
        return (removed, true);
    }
}
