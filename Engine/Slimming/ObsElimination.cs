using MathNet.Numerics.LinearAlgebra;

namespace OnnxEdit.Engine;

/// <summary>
/// Optimal-brain-surgeon elimination of input channels of one linear unit: with the inverse Gram matrix, removing
/// the rows R of a channel and re-fitting the rest raises the squared error by
/// sum_m w_mR' [(G^-1)_RR]^-1 w_mR (Hassibi and Stork 1993, in groups). Weights and inverse are down-dated.
/// </summary>
sealed class ObsElimination
{
    readonly double[,] _inverse;
    readonly double[,] _weights;
    readonly double _scale;
    readonly int[][] _rows;
    readonly bool[] _gone;

    /// <summary>Starts from the least-squares weights of a unit's group.</summary>
    /// <param name="gram">Centred Gram matrix / count, k x k.</param>
    /// <param name="weights">Weights [m, k] in patch order.</param>
    /// <param name="rows">Rows of the patch matrix of each channel.</param>
    /// <param name="power">Errors are reported relative to this.</param>
    /// <param name="ridge">Ridge relative to the mean diagonal.</param>
    public ObsElimination(Matrix<double> gram, double[,] weights, int[][] rows, double power, double ridge = LeastSquares.Ridge)
    {
        var k = gram.RowCount;
        var lambda = ridge * Math.Max(gram.Diagonal().Average(), 1e-30);
        for (var i = 0; i < k; i++) gram[i, i] += lambda;
        var t0=Prof.Now; _inverse = gram.Cholesky().Solve(Matrix<double>.Build.DenseIdentity(k)).ToArray();
        Prof.Add("inverse",t0); _weights = (double[,])weights.Clone();
        (_rows, _scale, _gone) = (rows, 1 / Math.Max(power, 1e-30), new bool[rows.Length]);
    }

    /// <summary>Relative error added by removing a channel now.</summary>
    public double Increase(int channel)
    {
        if (_gone[channel]) return 0;
        var rows = _rows[channel];
        var block = Block(rows);
        var factor = block.Cholesky();
        var sum = 0.0;
        var w = new MathNet.Numerics.LinearAlgebra.Double.DenseMatrix(rows.Length, _weights.GetLength(0));
        for (var r = 0; r < rows.Length; r++)
            for (var m = 0; m < w.ColumnCount; m++) w[r, m] = _weights[m, rows[r]];
        var solved = factor.Solve(w);
        for (var r = 0; r < rows.Length; r++)
            for (var m = 0; m < w.ColumnCount; m++) sum += w[r, m] * solved[r, m];
        return sum * _scale;
    }

    /// <summary>Removes a channel: the other weights take over what they can.</summary>
    public void Remove(int channel)
    {
        if (_gone[channel]) return;
        _gone[channel] = true;
        var rows = _rows[channel];
        var k = _inverse.GetLength(0);
        var inverseBlock = Block(rows).Inverse();
        // P = (G^-1)_:R [(G^-1)_RR]^-1, k x |R|
        var p = new double[k, rows.Length];
        for (var i = 0; i < k; i++)
            for (var r = 0; r < rows.Length; r++)
            {
                var sum = 0.0;
                for (var s = 0; s < rows.Length; s++) sum += _inverse[i, rows[s]] * inverseBlock[s, r];
                p[i, r] = sum;
            }
        for (var m = 0; m < _weights.GetLength(0); m++)
        {
            var own = Array.ConvertAll(rows, r => _weights[m, r]);
            for (var i = 0; i < k; i++)
                for (var r = 0; r < rows.Length; r++) _weights[m, i] -= own[r] * p[i, r];
        }
        var removed = new double[rows.Length, k];
        for (var r = 0; r < rows.Length; r++)
            for (var j = 0; j < k; j++) removed[r, j] = _inverse[rows[r], j];
        Parallel.For(0, k, i =>
        {
            for (var r = 0; r < rows.Length; r++)
            {
                var f = p[i, r];
                for (var j = 0; j < k; j++) _inverse[i, j] -= f * removed[r, j];
            }
        });
        foreach (var r in rows)
        {
            for (var j = 0; j < k; j++) _inverse[r, j] = _inverse[j, r] = 0;
            _inverse[r, r] = 1;
            for (var m = 0; m < _weights.GetLength(0); m++) _weights[m, r] = 0;
        }
    }

    MathNet.Numerics.LinearAlgebra.Double.DenseMatrix Block(int[] rows)
    {
        var block = new MathNet.Numerics.LinearAlgebra.Double.DenseMatrix(rows.Length);
        for (var r = 0; r < rows.Length; r++)
            for (var s = 0; s < rows.Length; s++) block[r, s] = _inverse[rows[r], rows[s]];
        return block;
    }
}
