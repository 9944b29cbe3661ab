using OnnxEdit.Surgery;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Draws cells that may be removed together: unlocked, and leaving every tensor a channel.</summary>
static class RandomRemoval
{
    /// <summary>One flag per cell; about <paramref name="share"/> of the removable ones are set.</summary>
    public static bool[] Draw(ChannelAnalysis analysis, int seed, double share)
    {
        var random = new Random(seed);
        var removed = new bool[analysis.CellCount];
        var vectors = analysis.Tensors.Values.Select(t => t.Ids).DistinctBy(ids => string.Join(',', ids)).ToArray();
        var left = vectors.Select(v => v.Length).ToArray();
        var places = new List<(int Vector, int Count)>[analysis.CellCount];
        for (var c = 0; c < places.Length; c++) places[c] = [];
        for (var v = 0; v < vectors.Length; v++)
            foreach (var cell in vectors[v].Where(c => c >= 0).GroupBy(c => c)) places[cell.Key].Add((v, cell.Count()));
        foreach (var cell in Enumerable.Range(0, removed.Length).OrderBy(_ => random.Next()))
        {
            if (analysis.LockOf(cell) is not null || random.NextDouble() > share || places[cell].Any(p => left[p.Vector] <= p.Count)) continue;
            removed[cell] = true;
            foreach (var (v, count) in places[cell]) left[v] -= count;
        }
        return removed;
    }
}
