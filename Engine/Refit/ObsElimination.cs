using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Optimal-brain-surgeon elimination of input channels of one linear unit: with the inverse Gram matrix, removing
/// the rows R of a channel and re-fitting the rest raises the squared error by
/// sum_m w_mR' [(G^-1)_RR]^-1 w_mR (Hassibi and Stork 1993, in groups). Weights and inverse are
/// down-dated and shrink as channels go, and of the inverse only the upper triangle is kept: together a sixth of the work.
/// </summary>
sealed class ObsElimination : IElimination
{
    // Upper triangle by rows, and the weights of all outputs by rows; rows that are gone leave at the next compaction.
    double[][] _inverse;
    double[][] _weights;
    readonly double _scale;
    readonly int[][] _rows;
    readonly bool[] _gone;
    int _dead;

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
        _weights = [.. Enumerable.Range(0, k).Select(i => Enumerable.Range(0, weights.GetLength(0)).Select(m => weights[m, i]).ToArray())];
        (_rows, _scale, _gone) = ([.. rows.Select(r => (int[])r.Clone())], power > 0 ? 1 / power : 0, new bool[rows.Length]);
    }

    /// <summary>Up to twice as many cells are eliminated one by one.</summary>
    public int Looks => 512;

    /// <inheritdoc/>
    public double Increase(int channel)
    {
        if (_gone[channel]) return 0;
        var sum = 0.0;
        // |L^-1 w|^2 = w' [(G^-1)_RR]^-1 w, summed over the outputs.
        foreach (var solved in Solved(_rows[channel], Factor(_rows[channel]))) sum += TensorPrimitives.SumOfSquares<double>(solved);
        return sum * _scale;
    }

    /// <summary>Removes a channel: the other weights take over what they can.</summary>
    public void Remove(int channel) => Remove([channel]);

    /// <summary>
    /// Removes channels one after the other, with one pass over the matrices for all of them: these outgrow every cache,
    /// and the passes are what a removal costs.
    /// </summary>
    /// <returns>The relative error that each adds after those before it.</returns>
    public double[] Remove(IReadOnlyList<int> channels)
    {
        var added = new double[channels.Count];
        var going = Enumerable.Range(0, channels.Count).Where(n => !_gone[channels[n]]).DistinctBy(n => channels[n]).ToArray();
        if (going.Length == 0) return added;
        int[] rows = [.. going.SelectMany(n => _rows[channels[n]])];
        var factor = Factor(rows);
        var solved = Solved(rows, factor);
        var at = 0;
        foreach (var n in going)
        {
            _gone[channels[n]] = true;
            foreach (var _ in _rows[channels[n]]) added[n] += TensorPrimitives.SumOfSquares<double>(solved[at++]) * _scale;
        }
        var removed = Array.ConvertAll(rows, Row);
        // With Q = L^-1 (G^-1)_R:, the inverse loses Q'Q and each weight row loses (L^-1 w_R)' Q.
        for (var r = 0; r < rows.Length; r++)
        {
            for (var s = 0; s < r; s++) TensorPrimitives.MultiplyAdd(removed[s], -factor[r, s], removed[r], removed[r]);
            TensorPrimitives.Divide(removed[r], factor[r, r], removed[r]);
        }
        ThreadedLoop.For(0, _inverse.Length, i =>
        {
            for (var r = 0; r < rows.Length; r++)
            {
                var q = removed[r][i];
                if (q == 0) continue;
                TensorPrimitives.MultiplyAdd(removed[r].AsSpan(i), -q, _inverse[i], _inverse[i]);
                TensorPrimitives.MultiplyAdd(solved[r], -q, _weights[i], _weights[i]);
            }
        });
        _dead += rows.Length;
        if (_dead * 8 >= _inverse.Length) Compact();
        return added;
    }

    // L^-1 w_R for all outputs at once, one row per row of R.
    double[][] Solved(int[] rows, double[,] factor)
    {
        var solved = Array.ConvertAll(rows, r => (double[])_weights[r].Clone());
        for (var r = 0; r < rows.Length; r++)
        {
            for (var s = 0; s < r; s++) TensorPrimitives.MultiplyAdd(solved[s], -factor[r, s], solved[r], solved[r]);
            TensorPrimitives.Divide(solved[r], factor[r, r], solved[r]);
        }
        return solved;
    }

    // Drops the rows and columns of channels that are gone.
    void Compact()
    {
        var left = Enumerable.Range(0, _rows.Length).Where(c => !_gone[c]).SelectMany(c => _rows[c]).Order().ToArray();
        var place = new int[_inverse.Length];
        for (var i = 0; i < left.Length; i++) place[left[i]] = i;
        var (inverse, weights) = (new double[left.Length][], new double[left.Length][]);
        ThreadedLoop.For(0, left.Length, i =>
        {
            var (from, to) = (_inverse[left[i]], inverse[i] = new double[left.Length - i]);
            for (var j = i; j < left.Length; j++) to[j - i] = from[left[j] - left[i]];
            weights[i] = _weights[left[i]];
        });
        for (var c = 0; c < _rows.Length; c++)
            if (!_gone[c]) _rows[c] = Array.ConvertAll(_rows[c], r => place[r]);
        (_inverse, _weights, _dead) = (inverse, weights, 0);
    }

    double At(int a, int b) => a <= b ? _inverse[a][b - a] : _inverse[b][a - b];

    double[] Row(int row)
    {
        var values = new double[_inverse.Length];
        for (var i = 0; i < row; i++) values[i] = _inverse[i][row - i];
        _inverse[row].CopyTo(values, row);
        return values;
    }

    // Cholesky factor of the rows' block of the inverse; the blocks have one row per kernel tap.
    double[,] Factor(int[] rows)
    {
        var n = rows.Length;
        var factor = new double[n, n];
        for (var r = 0; r < n; r++)
            for (var c = 0; c <= r; c++)
            {
                var v = At(rows[r], rows[c]);
                for (var s = 0; s < c; s++) v -= factor[r, s] * factor[c, s];
                factor[r, c] = r == c ? Math.Sqrt(Math.Max(v, 1e-300)) : v / factor[c, c];
            }
        return factor;
    }
}
