using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Cholesky factor of a symmetric positive definite matrix, row by row with vectorised products on all cores.
/// Elimination needs the whole inverse of up to some thousand rows (a 3x3 convolution over 256 channels has 2,304),
/// where the managed solver of MathNet.Numerics takes several times longer.
/// </summary>
sealed class CholeskyFactor
{
    readonly double[][] _lower;

    CholeskyFactor(double[][] lower) => _lower = lower;

    /// <summary>Factors A = L L'; null when A is not positive definite.</summary>
    /// <param name="matrix">Rows of A, k x k; not changed.</param>
    public static CholeskyFactor? Of(double[][] matrix)
    {
        var k = matrix.Length;
        var lower = new double[k][];
        for (var i = 0; i < k; i++) lower[i] = matrix[i].AsSpan(0, i + 1).ToArray();
        // Block columns: once the pivot rows are done, the rows below are independent of each other.
        const int Block = 48;
        for (var from = 0; from < k; from += Block)
        {
            var to = Math.Min(k, from + Block);
            for (var i = from; i < to; i++)
                if (!Columns(lower, i, from, to)) return null;
            ThreadedLoop.For(to, k, i => Columns(lower, i, from, to));
        }
        return new CholeskyFactor(lower);
    }

    static bool Columns(double[][] lower, int i, int from, int to)
    {
        var row = lower[i];
        for (var j = from; j < to && j <= i; j++)
        {
            var other = lower[j];
            var v = row[j] - TensorPrimitives.Dot<double>(row.AsSpan(0, j), other.AsSpan(0, j));
            if (j < i) row[j] = v / other[j];
            else if (v > 0 && double.IsFinite(v)) row[j] = Math.Sqrt(v);
            else return false;
        }
        return true;
    }

    /// <summary>Solves A x = b for each right-hand side, in place.</summary>
    /// <param name="sides">Right-hand sides, k values each.</param>
    public void Solve(double[][] sides) => InBlocks(sides.Length, (from, to) =>
    {
        var k = _lower.Length;
        for (var i = 0; i < k; i++)
        {
            var row = _lower[i];
            for (var s = from; s < to; s++)
                sides[s][i] = (sides[s][i] - TensorPrimitives.Dot<double>(row.AsSpan(0, i), sides[s].AsSpan(0, i))) / row[i];
        }
        for (var i = k - 1; i >= 0; i--)
        {
            var row = _lower[i];
            for (var s = from; s < to; s++)
            {
                var x = sides[s];
                x[i] /= row[i];
                TensorPrimitives.MultiplyAdd(row.AsSpan(0, i), -x[i], x.AsSpan(0, i), x.AsSpan(0, i));
            }
        }
    });

    /// <summary>The inverse of A, its upper triangle by rows: element [c][j] is that of row c and column c + j.</summary>
    public double[][] Inverse()
    {
        var k = _lower.Length;
        var inverse = new double[k][];
        // Row c solves A x = e_c; the forward half starts at c, where e_c does, and by symmetry nothing before c is wanted.
        InBlocks(k, (from, to) =>
        {
            for (var c = from; c < to; c++)
            {
                inverse[c] = new double[k - c];
                inverse[c][0] = 1 / _lower[c][c];
            }
            for (var i = from + 1; i < k; i++)
            {
                var row = _lower[i];
                for (var c = from; c < to && c < i; c++)
                    inverse[c][i - c] = -TensorPrimitives.Dot<double>(row.AsSpan(c, i - c), inverse[c].AsSpan(0, i - c)) / row[i];
            }
            for (var i = k - 1; i >= from; i--)
            {
                var row = _lower[i];
                for (var c = from; c < to && c <= i; c++)
                {
                    var x = inverse[c];
                    x[i - c] /= row[i];
                    TensorPrimitives.MultiplyAdd(row.AsSpan(c, i - c), -x[i - c], x.AsSpan(0, i - c), x.AsSpan(0, i - c));
                }
            }
        });
        return inverse;
    }

    // A factor of some thousand rows does not fit a cache; several right-hand sides share each pass over it.
    static void InBlocks(int count, Action<int, int> work)
    {
        const int Block = 8;
        ThreadedLoop.For(0, (count + Block - 1) / Block, b => work(b * Block, Math.Min(count, (b + 1) * Block)));
    }
}
