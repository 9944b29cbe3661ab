namespace OnnxEdit.Surgery.Channels;

/// <summary>Keeps at least one channel of every tensor while cells are removed one by one.</summary>
sealed class LastChannelGuard
{
    readonly int[] _left;
    readonly List<(int Tensor, int Count)>[] _tensorsOf;

    /// <summary>Starts with nothing removed.</summary>
    public LastChannelGuard(ChannelAnalysis analysis)
    {
        var vectors = analysis.Tensors.Values.Select(c => c.Ids).DistinctBy(ids => string.Join(',', ids)).ToArray();
        _left = [.. vectors.Select(v => v.Length)];
        _tensorsOf = [.. Enumerable.Range(0, analysis.CellCount).Select(_ => new List<(int, int)>())];
        for (var t = 0; t < vectors.Length; t++)
            foreach (var cell in vectors[t].Where(c => c >= 0).GroupBy(c => c)) _tensorsOf[cell.Key].Add((t, cell.Count()));
    }

    /// <summary>True when every tensor keeps a channel without these cells.</summary>
    public bool MayRemove(IReadOnlyList<int> cells)
    {
        if (cells.Count == 1) return _tensorsOf[cells[0]].All(t => _left[t.Tensor] > t.Count);
        return cells.SelectMany(c => _tensorsOf[c]).GroupBy(t => t.Tensor).All(t => _left[t.Key] > t.Sum(x => x.Count));
    }

    /// <summary>Removes a cell.</summary>
    public void Remove(int cell)
    {
        foreach (var (t, count) in _tensorsOf[cell]) _left[t] -= count;
    }
}
