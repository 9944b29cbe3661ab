using OnnxEdit.Engine.Scores;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Spreads a budget over groups: always the next block of channels with the least damage per parameter (or MAC, or
/// byte) saved, until the budget is met; then whatever was removed without need is put back. Savings are those at the
/// moment of removal, so they shrink as neighbours shrink.
/// </summary>
sealed class Allocation
{
    readonly ChannelAnalysis _analysis;
    readonly (ChannelGroup Group, GroupCurve Curve, int[] Width)[] _groups;
    readonly Func<ChannelGroup, int> _align;
    readonly bool _mayRefine;

    /// <summary>Prepares the groups.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="curves">Elimination curve of every group that may shrink.</param>
    /// <param name="align">Multiple that the channel count of a group is held to, a power of two where it may be refined.</param>
    /// <param name="mayRefine">Whether the multiple is a wish, and half of it, a quarter and so on will do where the budget is not met, or not closely, by it.</param>
    public Allocation(ChannelAnalysis analysis, IReadOnlyDictionary<ChannelGroup, GroupCurve> curves, Func<ChannelGroup, int> align, bool mayRefine = false)
    {
        (_analysis, _align, _mayRefine) = (analysis, align, mayRefine);
        _groups = [.. curves.OrderBy(c => c.Key.Index).Select(c => (c.Key, c.Value, Width(analysis, c.Key)))];
    }

    /// <summary>Chooses the cells to remove.</summary>
    /// <param name="saved">Picks the saving that counts.</param>
    /// <param name="done">True when the budget is met.</param>
    /// <param name="isClose">True when it is not met by much more than was asked for; null: any way to meet it will do.</param>
    /// <returns>One flag per cell, whether the budget could be met, and what is left.</returns>
    public (bool[] Removed, bool Reached, RemovalCost Cost) Choose(
        Func<(double Parameters, double Macs, double Bytes), double> saved, Func<RemovalCost, bool> done, Func<RemovalCost, bool>? isClose = null)
    {
        for (var divisor = 1; ; divisor *= 2)
            if (Choose(saved, done, isClose, divisor) is var found && (found.Reached || !_mayRefine || _groups.All(g => _align(g.Group) <= divisor))) return found;
    }

    (bool[] Removed, bool Reached, RemovalCost Cost) Choose(
        Func<(double Parameters, double Macs, double Bytes), double> saved, Func<RemovalCost, bool> done, Func<RemovalCost, bool>? isClose, int divisor)
    {
        var cost = new RemovalCost(_analysis);
        var removed = new bool[_analysis.CellCount];
        var guard = new LastChannelGuard(_analysis);
        var next = new int[_groups.Length];
        List<(int Group, List<int> Cells)> blocks = [];
        while (!done(cost))
        {
            var (best, bestRatio, bestBlock, bestEnd) = (-1, double.PositiveInfinity, (List<int>?)null, 0);
            for (var g = 0; g < _groups.Length; g++)
            {
                if (Block(g, next[g], removed, guard, divisor) is not var (block, damage, end)) continue;
                var ratio = damage / Math.Max(1e-12, saved(cost.Gain(block)));
                if (ratio < bestRatio) (best, bestRatio, bestBlock, bestEnd) = (g, ratio, block, end);
            }
            if (bestBlock is null) return (removed, false, cost);
            next[best] = bestEnd;
            blocks.Add((best, bestBlock));
            foreach (var cell in bestBlock)
            {
                removed[cell] = true;
                cost.Remove(cell);
                guard.Remove(cell);
            }
        }
        foreach (var (_, block) in Enumerable.Reverse(blocks))
        {
            block.ForEach(cost.Restore);
            if (done(cost)) block.ForEach(c => removed[c] = false);
            else block.ForEach(cost.Remove);
        }
        if (_mayRefine && isClose is not null)
            for (var finer = 2 * divisor; !isClose(cost) && _groups.Any(g => _align(g.Group) >= finer); finer *= 2)
                foreach (var (g, block) in Enumerable.Reverse(blocks))
                    if (!isClose(cost)) PutBack(g, block, finer);
        return (removed, true, cost);

        // As many cells of a block as the budget leaves room for and the finer multiple allows, the last to go first.
        void PutBack(int g, List<int> block, int finer)
        {
            var (group, _, width) = _groups[g];
            var align = Math.Max(1, _align(group) / finer);
            int[] gone = [.. block.Where(c => removed[c]).Reverse()];
            var (left, kept, tried) = (width.Count(c => c < 0 || !removed[c]), 0, 0);
            while (tried < gone.Length)
            {
                cost.Restore(gone[tried]);
                left += width.Count(c => c == gone[tried]);
                tried++;
                if (!done(cost)) break;
                if (left % align == 0) kept = tried;
            }
            foreach (var cell in gone[kept..tried]) cost.Remove(cell);
            foreach (var cell in gone[..kept]) removed[cell] = false;
        }
    }

    // The next cells of a group, as many as bring its width to a multiple of the alignment.
    (List<int> Cells, double Damage, int End)? Block(int g, int from, bool[] removed, LastChannelGuard guard, int divisor)
    {
        var (group, curve, width) = _groups[g];
        var align = Math.Max(1, _align(group) / divisor);
        var left = width.Count(c => c < 0 || !removed[c]);
        List<int> cells = [];
        var damage = 0.0;
        for (var i = from; i < curve.Cells.Count; i++)
        {
            var cell = curve.Cells[i];
            // Cells that are the last of some tensor are passed over.
            if (!guard.MayRemove([.. cells, cell])) continue;
            cells.Add(cell);
            damage += curve.Damage[i];
            left -= width.Count(c => c == cell);
            if (left % align == 0) return (cells, damage, i + 1);
        }
        return null;
    }

    static int[] Width(ChannelAnalysis analysis, ChannelGroup group) =>
        analysis.Producers.First(p => p.Node == group.Producers[0]) is var producer
        && analysis.Tensors.TryGetValue(producer.Node.Output[0], out var channels) ? channels.Ids : producer.Ids;
}
