namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// How small a model can get: everything removable removed, one channel left of every tensor. No budget can ask for
/// more. Where tensors share channels in several ways the cells that save most go first.
/// </summary>
/// <param name="Parameters">Parameters left.</param>
/// <param name="Macs">Multiply-accumulates left, for one example.</param>
/// <param name="Cells">Number of cells removed.</param>
sealed record RemovalLimit(double Parameters, double Macs, int Cells)
{
    /// <summary>Removes all that may go and counts what is left.</summary>
    public static RemovalLimit Of(ChannelAnalysis analysis)
    {
        var cost = new RemovalCost(analysis);
        var guard = new LastChannelGuard(analysis);
        var free = Enumerable.Range(0, analysis.CellCount).Where(c => analysis.LockOf(c) is null).ToArray();
        var gains = Array.ConvertAll(free, c => cost.Gain([c]).Parameters);
        var cells = 0;
        foreach (var i in Enumerable.Range(0, free.Length).OrderByDescending(i => gains[i]))
        {
            if (!guard.MayRemove([free[i]])) continue;
            guard.Remove(free[i]);
            cost.Remove(free[i]);
            cells++;
        }
        return new(cost.Parameters, cost.Macs, cells);
    }
}
