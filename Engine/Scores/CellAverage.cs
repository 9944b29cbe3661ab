namespace OnnxEdit.Engine.Scores;

/// <summary>Turns scores of the positions of several layers into one score per cell.</summary>
sealed class CellAverage(int cells)
{
    readonly double[] _sum = new double[cells];
    readonly int[] _layers = new int[cells];

    /// <summary>Adds a layer: its scores are divided by their mean, so that layers of any magnitude weigh the same.</summary>
    /// <param name="ids">Cell of each position, -1 for positions that stay.</param>
    /// <param name="scores">Score of each position, not negative.</param>
    public void Add(ReadOnlySpan<int> ids, ReadOnlySpan<double> scores)
    {
        var mean = 0.0;
        foreach (var score in scores) mean += score / scores.Length;
        Dictionary<int, (double Sum, int Count)> own = [];
        for (var i = 0; i < ids.Length; i++)
        {
            if (ids[i] < 0) continue;
            var (sum, count) = own.GetValueOrDefault(ids[i]);
            own[ids[i]] = (sum + scores[i], count + 1);
        }
        foreach (var (cell, (sum, count)) in own)
        {
            // In a layer that scores zero throughout, every channel is equally useless.
            _sum[cell] += mean > 0 ? sum / count / mean : 0;
            _layers[cell]++;
        }
    }

    /// <summary>The mean over the layers a cell appears in; NaN where there are none.</summary>
    public double[] Result() => [.. _sum.Zip(_layers, (sum, layers) => layers > 0 ? sum / layers : double.NaN)];
}
