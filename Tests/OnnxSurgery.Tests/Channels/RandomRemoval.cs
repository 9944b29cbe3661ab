using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Draws cells that may be removed together: unlocked, and leaving every tensor a channel.</summary>
static class RandomRemoval
{
    /// <summary>One flag per cell; about <paramref name="share"/> of the removable ones are set.</summary>
    public static bool[] Draw(ChannelAnalysis analysis, int seed, double share)
    {
        var random = new Random(seed);
        var removed = new bool[analysis.CellCount];
        var guard = new LastChannelGuard(analysis);
        foreach (var cell in Enumerable.Range(0, removed.Length).OrderBy(_ => random.Next()))
        {
            if (analysis.LockOf(cell) is not null || random.NextDouble() > share || !guard.MayRemove([cell])) continue;
            removed[cell] = true;
            guard.Remove(cell);
        }
        return removed;
    }
}
