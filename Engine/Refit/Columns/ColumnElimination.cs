using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Refit.Columns;

/// <summary>
/// The elimination of <see cref="ObsElimination"/> for units that read more rows than there are columns. With the diagonal D of the
/// matrix H = D + X X' apart, its inverse in units of D is I - X M X' with M = (I + X'X)^-1 of the columns' size (Woodbury).
/// Removing the rows of a channel changes M by as many vectors as it has rows, or makes M anew where those are many.
/// </summary>
sealed class ColumnElimination : IElimination
{
    /// <summary>Columns that count at most.</summary>
    const int MostColumns = 512;

    /// <summary>More outputs than this are mixed with random signs into so many, which keeps sums of squares up to some percent.</summary>
    const int MostOutputs = 128;

    /// <summary>Multiply-adds of all looks together.</summary>
    const double Work = 4e10;

    // Rows of X and of the weights in units of D; what the weights left took over is X times what moved; I + X'X and its inverse M.
    readonly double[][] _rows;
    readonly double[][] _weights;
    readonly double[][] _moved;
    double[][] _kernel;
    double[][] _middle;
    readonly int[][] _places;
    readonly bool[] _gone;
    readonly double _scale;

    /// <summary>Starts from the weights of a unit's group.</summary>
    /// <param name="columns">Its columns, centred.</param>
    /// <param name="weights">Weights of the unit, in the file's order.</param>
    /// <param name="group">The group.</param>
    /// <param name="patches">Geometry of the unit.</param>
    /// <param name="places">Rows of the patch matrix of each channel.</param>
    /// <param name="power">Errors are reported relative to this; 0: the unit feeds a constant, which nothing can damage.</param>
    /// <param name="seed">Seed of the random signs.</param>
    public ColumnElimination(PatchColumns columns, float[,] weights, int group, PatchGraph patches, int[][] places, double power, ulong seed)
    {
        (_places, _gone, _scale) = (places, new bool[places.Length], power > 0 ? 1 / power : 0);
        var (k, n) = (columns.Rows, Math.Min(MostColumns, columns.Count));
        var used = Enumerable.Range(0, n).Select(c => (int)((long)c * columns.Count / n)).ToArray();
        _rows = new double[k][];
        ThreadedLoop.For(0, k, i => _rows[i] = Array.ConvertAll(used, c => (double)columns.Patches[c * k + i]));
        var variances = Array.ConvertAll(_rows, row => TensorPrimitives.SumOfSquares<double>(row) / n);
        var ridge = Math.Max(LeastSquares.Ridge * Math.Max(variances.Average(), 1e-30), LeastSquares.RelativeNoise * columns.Power);
        // Correlations of few columns are taken for less, as those of Gram sums are.
        var trust = (double)n / (n + k);
        var diagonal = Array.ConvertAll(variances, v => (1 - trust) * v + ridge);
        ThreadedLoop.For(0, k, i => TensorPrimitives.Multiply(_rows[i], Math.Sqrt(trust / (n * diagonal[i])), _rows[i]));
        _weights = Mixed(weights, group, columns.Outputs, patches, k, seed);
        ThreadedLoop.For(0, k, i => TensorPrimitives.Multiply(_weights[i], Math.Sqrt(diagonal[i]), _weights[i]));
        _kernel = Kernel(n, Enumerable.Range(0, k));
        for (var i = 0; i < n; i++) _kernel[i][i]++;
        (_middle, _moved) = (Whole(RidgeFactor.Of(_kernel, 0)), [.. Enumerable.Range(0, n).Select(_ => new double[_weights[0].Length])]);
        Looks = (int)Math.Clamp(Work / ((double)k * n * (n + _weights[0].Length)), 16, 512);
    }

    /// <inheritdoc/>
    public int Looks { get; }

    /// <inheritdoc/>
    public double Increase(int channel)
    {
        if (_gone[channel]) return 0;
        return _scale * (IsNarrow(channel) ? Narrow(channel).Solved.Sum(u => TensorPrimitives.SumOfSquares<double>(u)) : Broad(channel).Error);
    }

    /// <inheritdoc/>
    public double[] Remove(IReadOnlyList<int> channels)
    {
        var added = new double[channels.Count];
        for (var at = 0; at < channels.Count; at++)
            if (!_gone[channels[at]]) added[at] = _scale * (IsNarrow(channels[at]) ? RemoveNarrow(channels[at]) : RemoveBroad(channels[at]));
        foreach (var channel in channels) _gone[channel] = true;
        return added;
    }

    bool IsNarrow(int channel) => _places[channel].Length <= _kernel.Length;

    double RemoveNarrow(int channel)
    {
        var (vectors, solved) = Narrow(channel);
        var lost = Kernel(_kernel.Length, _places[channel]);
        ThreadedLoop.For(0, _kernel.Length, j =>
        {
            TensorPrimitives.Subtract(_kernel[j], lost[j], _kernel[j]);
            for (var r = 0; r < vectors.Length; r++)
            {
                TensorPrimitives.MultiplyAdd(vectors[r], vectors[r][j], _middle[j], _middle[j]);
                TensorPrimitives.MultiplyAdd(solved[r], vectors[r][j], _moved[j], _moved[j]);
            }
        });
        _gone[channel] = true;
        return solved.Sum(u => TensorPrimitives.SumOfSquares<double>(u));
    }

    double RemoveBroad(int channel)
    {
        var (left, solved, error) = Broad(channel);
        _kernel = left;
        _middle = Whole(RidgeFactor.Of(left, 0));
        for (var o = 0; o < solved.Length; o++)
            for (var j = 0; j < _moved.Length; j++) _moved[j][o] += solved[o][j];
        _gone[channel] = true;
        return error;
    }

    // What is left of I + X'X without the channel, its inverse times P = w_R X_R for each output, and the error |w_R|^2 + P M P'.
    (double[][] Left, double[][] Solved, double Error) Broad(int channel)
    {
        var rows = _places[channel];
        var left = Kernel(_kernel.Length, rows);
        for (var i = 0; i < left.Length; i++) TensorPrimitives.Subtract(_kernel[i], left[i], left[i]);
        var products = Array.ConvertAll(_weights[0], _ => new double[left.Length]);
        var error = 0.0;
        foreach (var r in rows)
        {
            var weights = Combined(_rows[r], _moved, (double[])_weights[r].Clone());
            error += TensorPrimitives.SumOfSquares<double>(weights);
            for (var o = 0; o < weights.Length; o++) TensorPrimitives.MultiplyAdd(_rows[r], weights[o], products[o], products[o]);
        }
        var solved = Array.ConvertAll(products, p => (double[])p.Clone());
        RidgeFactor.Of(left, 0).Solve(solved);
        for (var o = 0; o < solved.Length; o++) error += TensorPrimitives.Dot<double>(products[o], solved[o]);
        return (left, solved, error);
    }

    // L^-1 X_R M and L^-1 w_R for the factor L of the rows' block of the inverse, I - X_R M X_R', and the weights as they are now.
    (double[][] Vectors, double[][] Solved) Narrow(int channel)
    {
        var rows = _places[channel];
        var vectors = Array.ConvertAll(rows, r => Combined(_rows[r], _middle, new double[_middle.Length]));
        var solved = Array.ConvertAll(rows, r => Combined(_rows[r], _moved, (double[])_weights[r].Clone()));
        var factor = new double[rows.Length, rows.Length];
        for (var r = 0; r < rows.Length; r++)
            for (var c = 0; c <= r; c++)
            {
                var v = (r == c ? 1 : 0) - TensorPrimitives.Dot<double>(vectors[r], _rows[rows[c]]);
                for (var s = 0; s < c; s++) v -= factor[r, s] * factor[c, s];
                factor[r, c] = r == c ? Math.Sqrt(Math.Max(v, 1e-300)) : v / factor[c, c];
            }
        foreach (var side in new[] { vectors, solved })
            for (var r = 0; r < rows.Length; r++)
            {
                for (var s = 0; s < r; s++) TensorPrimitives.MultiplyAdd(side[s], -factor[r, s], side[r], side[r]);
                TensorPrimitives.Divide(side[r], factor[r, r], side[r]);
            }
        return (vectors, solved);
    }

    static double[] Combined(double[] row, double[][] vectors, double[] sum)
    {
        for (var j = 0; j < row.Length; j++) TensorPrimitives.MultiplyAdd(vectors[j], row[j], sum, sum);
        return sum;
    }

    // X'X over some rows.
    double[][] Kernel(int n, IEnumerable<int> rows)
    {
        var sums = new double[n][];
        ThreadedLoop.For(0, n, i =>
        {
            var sum = sums[i] = new double[n];
            foreach (var row in rows) TensorPrimitives.MultiplyAdd(_rows[row], _rows[row][i], sum, sum);
        });
        return sums;
    }

    // The whole inverse of a matrix.
    static double[][] Whole(CholeskyFactor factor)
    {
        var upper = factor.Inverse();
        return [.. upper.Select((_, i) => upper.Select((_, j) => i <= j ? upper[i][j - i] : upper[j][i - j]).ToArray())];
    }

    // Weights by rows, [k][outputs].
    static double[][] Mixed(float[,] weights, int group, int outputs, PatchGraph patches, int k, ulong seed)
    {
        var mixed = Math.Min(outputs, MostOutputs);
        var result = new double[k][];
        for (var i = 0; i < k; i++) result[i] = new double[mixed];
        var signs = new Philox4x32(seed, RandomStreams.MixedOutputs);
        var row = new float[k];
        var sign = new double[mixed];
        for (var o = 0; o < outputs; o++)
        {
            PatchOrder.GetRow(weights, group * outputs + o, patches, row);
            if (mixed == outputs)
            {
                for (var i = 0; i < k; i++) result[i][o] = row[i];
                continue;
            }
            for (var j = 0; j < mixed; j++) sign[j] = (signs.NextInt(2) == 0 ? 1 : -1) / Math.Sqrt(mixed);
            var values = row;
            ThreadedLoop.For(0, (k + 255) / 256, b =>
            {
                for (var i = b * 256; i < Math.Min(k, (b + 1) * 256); i++) TensorPrimitives.MultiplyAdd(sign, values[i], result[i], result[i]);
            });
        }
        return result;
    }
}
