using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;

namespace OnnxEdit.Engine.Statistics;

/// <summary>
/// Mean feature maps of each class at one point, [classes, channels, cells]. Where all positions would take too much
/// memory, neighbouring ones share a cell.
/// </summary>
sealed class ClassMeanMaps
{
    readonly int _channels;
    readonly int _cells;
    readonly int _positions;
    readonly double[] _sums;
    readonly int[] _counts;

    /// <summary>Empty maps.</summary>
    /// <param name="classes">K.</param>
    /// <param name="channels">C.</param>
    /// <param name="positions">S, positions of a map.</param>
    /// <param name="room">Sums to keep at most; at least K C.</param>
    public ClassMeanMaps(int classes, int channels, int positions, long room)
    {
        (_channels, _positions) = (channels, positions);
        _cells = (int)Math.Clamp(room / ((long)classes * channels), 1, positions);
        _counts = new int[classes];
        _sums = new double[(long)classes * channels * _cells];
    }

    /// <summary>Adds a batch; images without a class are left out.</summary>
    public void Add(ReadOnlySpan<float> activations, ActivationShape layout, ReadOnlySpan<int> labels)
    {
        for (var n = 0; n < labels.Length; n++)
        {
            if (labels[n] < 0) continue;
            _counts[labels[n]]++;
            var maps = ActivationArrangement.Maps(activations, layout, n);
            var sums = _sums.AsSpan(labels[n] * _channels * _cells, _channels * _cells);
            for (var c = 0; c < _channels; c++) Add(maps.Slice(c * _positions, _positions), sums.Slice(c * _cells, _cells));
        }
    }

    /// <summary>TVSPrune's score of each channel; zero with fewer than two classes.</summary>
    public double[] Distances()
    {
        int[] seen = [.. Enumerable.Range(0, _counts.Length).Where(k => _counts[k] > 0)];
        if (seen.Length < 2) return new double[_channels];
        var length = _channels * _cells;
        var means = new double[seen.Length * length];
        for (var k = 0; k < seen.Length; k++)
            for (var i = 0; i < length; i++) means[k * length + i] = _sums[seen[k] * length + i] / _counts[seen[k]];
        return TvsPruneScore.Compute(means, seen.Length, _channels);
    }

    void Add(ReadOnlySpan<float> map, Span<double> sums)
    {
        if (_cells == _positions)
            for (var p = 0; p < map.Length; p++) sums[p] += map[p];
        else
            for (var p = 0; p < map.Length; p++) sums[(int)((long)p * _cells / _positions)] += map[p];
    }
}
