using System.Numerics.Tensors;

namespace OnnxEdit.Engine;

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
            Parallel.For(to, k, i => Columns(lower, i, from, to));
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
    public void Solve(double[][] sides) => Parallel.For(0, sides.Length, s =>
    {
        var x = sides[s];
        for (var i = 0; i < x.Length; i++) x[i] = (x[i] - TensorPrimitives.Dot<double>(_lower[i].AsSpan(0, i), x.AsSpan(0, i))) / _lower[i][i];
        for (var i = x.Length - 1; i >= 0; i--)
        {
            x[i] /= _lower[i][i];
            TensorPrimitives.MultiplyAdd(_lower[i].AsSpan(0, i), -x[i], x.AsSpan(0, i), x.AsSpan(0, i));
        }
    });

    /// <summary>Rows of the inverse of A, k x k.</summary>
    public double[][] Inverse()
    {
        var k = _lower.Length;
        var inverse = new double[k][];
        // Row c of the inverse solves A x = e_c; the forward half starts at c, where e_c does.
        Parallel.For(0, k, c =>
        {
            var x = new double[k];
            x[c] = 1 / _lower[c][c];
            for (var i = c + 1; i < k; i++) x[i] = -TensorPrimitives.Dot<double>(_lower[i].AsSpan(c, i - c), x.AsSpan(c, i - c)) / _lower[i][i];
            for (var i = k - 1; i >= 0; i--)
            {
                x[i] /= _lower[i][i];
                TensorPrimitives.MultiplyAdd(_lower[i].AsSpan(0, i), -x[i], x.AsSpan(0, i), x.AsSpan(0, i));
            }
            inverse[c] = x;
        });
        return inverse;
    }
}
