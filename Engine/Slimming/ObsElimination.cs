using System.Numerics.Tensors;

namespace OnnxEdit.Engine;

/// <summary>
/// Optimal-brain-surgeon elimination of input channels of one linear unit: with the inverse Gram matrix, removing
/// the rows R of a channel and re-fitting the rest raises the squared error by
/// sum_m w_mR' [(G^-1)_RR]^-1 w_mR (Hassibi and Stork 1993, in groups). Weights and inverse are down-dated.
/// </summary>
sealed class ObsElimination
{
    readonly double[][] _inverse;
    readonly double[][] _weights;
    readonly double _scale;
    readonly int[][] _rows;
    readonly bool[] _gone;

    /// <summary>Starts from the least-squares weights of a unit's group.</summary>
    /// <param name="gram">Centred Gram matrix / count, k x k.</param>
    /// <param name="weights">Weights [m, k] in patch order.</param>
    /// <param name="rows">Rows of the patch matrix of each channel.</param>
    /// <param name="power">Errors are reported relative to this; 0: the unit feeds a constant, which nothing can damage.</param>
    /// <param name="ridge">Ridge relative to the mean diagonal.</param>
    /// <param name="noise">The ridge is no smaller than this, see <see cref="LeastSquares.Noise"/>.</param>
    public ObsElimination(double[][] gram, double[,] weights, int[][] rows, double power, double ridge = LeastSquares.Ridge, double noise = 0)
    {
        var k = gram.Length;
        _inverse = RidgeFactor.Of(gram, ridge, noise).Inverse();
        _weights = [.. Enumerable.Range(0, weights.GetLength(0)).Select(m => Enumerable.Range(0, k).Select(i => weights[m, i]).ToArray())];
        (_rows, _scale, _gone) = (rows, power > 0 ? 1 / power : 0, new bool[rows.Length]);
    }

    /// <summary>Relative error added by removing a channel now.</summary>
    public double Increase(int channel)
    {
        if (_gone[channel]) return 0;
        var rows = _rows[channel];
        var factor = Factor(rows);
        var solved = new double[rows.Length];
        var sum = 0.0;
        // |L^-1 w|^2 = w' [(G^-1)_RR]^-1 w for every output.
        for (var m = 0; m < _weights.Length; m++)
        {
            var w = _weights[m];
            for (var r = 0; r < rows.Length; r++)
            {
                var v = w[rows[r]];
                for (var s = 0; s < r; s++) v -= factor[r, s] * solved[s];
                solved[r] = v / factor[r, r];
                sum += solved[r] * solved[r];
            }
        }
        return sum * _scale;
    }

    /// <summary>Removes a channel: the other weights take over what they can.</summary>
    public void Remove(int channel)
    {
        if (_gone[channel]) return;
        _gone[channel] = true;
        var rows = _rows[channel];
        var factor = Factor(rows);
        var removed = Array.ConvertAll(rows, r => (double[])_inverse[r].Clone());
        // With Q = L^-1 (G^-1)_R:, the inverse loses Q'Q and each weight row loses (L^-1 w_R)' Q.
        for (var r = 0; r < rows.Length; r++)
        {
            for (var s = 0; s < r; s++) TensorPrimitives.MultiplyAdd(removed[s], -factor[r, s], removed[r], removed[r]);
            TensorPrimitives.Divide(removed[r], factor[r, r], removed[r]);
        }
        foreach (var w in _weights)
        {
            var solved = new double[rows.Length];
            for (var r = 0; r < rows.Length; r++)
            {
                var v = w[rows[r]];
                for (var s = 0; s < r; s++) v -= factor[r, s] * solved[s];
                solved[r] = v / factor[r, r];
            }
            for (var r = 0; r < rows.Length; r++) TensorPrimitives.MultiplyAdd(removed[r], -solved[r], w, w);
        }
        Parallel.For(0, _inverse.Length, i =>
        {
            for (var r = 0; r < rows.Length; r++) TensorPrimitives.MultiplyAdd(removed[r], -removed[r][i], _inverse[i], _inverse[i]);
        });
        foreach (var r in rows)
        {
            Array.Clear(_inverse[r]);
            foreach (var row in _inverse) row[r] = 0;
            _inverse[r][r] = 1;
            foreach (var w in _weights) w[r] = 0;
        }
    }

    // Cholesky factor of the rows' block of the inverse; the blocks have one row per kernel tap.
    double[,] Factor(int[] rows)
    {
        var n = rows.Length;
        var factor = new double[n, n];
        for (var r = 0; r < n; r++)
            for (var c = 0; c <= r; c++)
            {
                var v = _inverse[rows[r]][rows[c]];
                for (var s = 0; s < c; s++) v -= factor[r, s] * factor[c, s];
                factor[r, c] = r == c ? Math.Sqrt(Math.Max(v, 1e-300)) : v / factor[c, c];
            }
        return factor;
    }
}
