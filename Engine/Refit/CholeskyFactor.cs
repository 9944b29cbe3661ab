using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Cholesky factor of a symmetric positive definite matrix, row by row with vectorised products on all cores.
/// Elimination needs the whole inverse of up to some thousand rows (a 3x3 convolution over 256 channels has 2,304),
/// where the managed solver of MathNet.Numerics takes several times longer.
/// </summary>
sealed class CholeskyFactor
{
    // Whole vectors of any width; rows of a tile are as many as registers hold sums of.
    const int Block = 32, Tile = 4;

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
        for (var from = 0; from < k; from += Block)
        {
            var to = Math.Min(k, from + Block);
            for (var i = from; i < to; i++)
                if (!Columns(lower, i, from, to)) return null;
            var (start, rows) = (from, k - to);
            ThreadedLoop.For(0, (rows + Tile - 1) / Tile, t => Below(lower, to + t * Tile, Math.Min(k, to + (t + 1) * Tile), start, to));
        }
        return new CholeskyFactor(lower);
    }

    // Rows below a block, whose columns are whole vectors: the product with what is factored already, then the block itself.
    static void Below(double[][] lower, int first, int end, int from, int to)
    {
        if (end - first == Tile)
            for (var j = from; j < to; j += 2) Subtract(lower, first, j, from);
        for (var i = first; i < end; i++)
        {
            var row = lower[i];
            var start = end - first == Tile ? from : 0;
            for (var j = from; j < to; j++)
                row[j] = (row[j] - TensorPrimitives.Dot<double>(row.AsSpan(start, j - start), lower[j].AsSpan(start, j - start))) / lower[j][j];
        }
    }

    // Four rows by two at once: each value that is read serves two or four products.
    static void Subtract(double[][] lower, int i, int j, int length)
    {
        var (a, b, c, d) = (lower[i], lower[i + 1], lower[i + 2], lower[i + 3]);
        var (p, q) = (lower[j], lower[j + 1]);
        Vector512<double> ap = default, aq = default, bp = default, bq = default, cp = default, cq = default, dp = default, dq = default;
        for (var at = 0; at < length; at += Vector512<double>.Count)
        {
            var (x, y) = (Load(p, at), Load(q, at));
            var (u, v, w, z) = (Load(a, at), Load(b, at), Load(c, at), Load(d, at));
            (ap, aq) = (Vector512.FusedMultiplyAdd(u, x, ap), Vector512.FusedMultiplyAdd(u, y, aq));
            (bp, bq) = (Vector512.FusedMultiplyAdd(v, x, bp), Vector512.FusedMultiplyAdd(v, y, bq));
            (cp, cq) = (Vector512.FusedMultiplyAdd(w, x, cp), Vector512.FusedMultiplyAdd(w, y, cq));
            (dp, dq) = (Vector512.FusedMultiplyAdd(z, x, dp), Vector512.FusedMultiplyAdd(z, y, dq));
        }
        a[j] -= Vector512.Sum(ap);
        a[j + 1] -= Vector512.Sum(aq);
        b[j] -= Vector512.Sum(bp);
        b[j + 1] -= Vector512.Sum(bq);
        c[j] -= Vector512.Sum(cp);
        c[j + 1] -= Vector512.Sum(cq);
        d[j] -= Vector512.Sum(dp);
        d[j + 1] -= Vector512.Sum(dq);
    }

    static Vector512<double> Load(double[] row, int at) => Vector512.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(row), (nuint)at);

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
        const int Together = 8;
        ThreadedLoop.For(0, (count + Together - 1) / Together, b => work(b * Together, Math.Min(count, (b + 1) * Together)));
    }
}
