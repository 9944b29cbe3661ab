using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Training.Rules;

/// <summary>
/// Brings the singular values of a matrix near 1 and keeps its singular vectors, by five Newton-Schulz steps
/// X &lt;- (a I + b X X' + c (X X')^2) X from X of length 1 (Jordan et al., 2024). All factors are polynomials of the first
/// X X', so only that small matrix is iterated on, and X multiplied once.
/// </summary>
static class Orthogonal
{
    const int Steps = 5;

    // They bring singular values from 0.003 to 1 into about 0.7 to 1.2.
    const float A = 3.4445f, B = -4.7750f, C = 2.0315f;

    /// <summary>Changes a matrix in place.</summary>
    /// <param name="matrix">[rows, columns], row-major.</param>
    /// <param name="rows">Rows.</param>
    public static void Approach(Span<float> matrix, int rows)
    {
        var columns = matrix.Length / rows;
        var norm = TensorPrimitives.Norm<float>(matrix);
        if (norm == 0 || !float.IsFinite(norm)) return;
        TensorPrimitives.Divide(matrix, norm, matrix);
        if (rows > columns)
        {
            var turned = Transposed(matrix, rows, columns);
            ApproachWide(turned, columns, rows);
            Transposed(turned, columns, rows).CopyTo(matrix);
            return;
        }
        ApproachWide(matrix, rows, columns);
    }

    static void ApproachWide(Span<float> x, int rows, int columns)
    {
        var gram = new float[rows * rows];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j <= i; j++)
                gram[i * rows + j] = gram[j * rows + i] = TensorPrimitives.Dot<float>(x.Slice(i * columns, columns), x.Slice(j * columns, columns));
        float[]? product = null;
        for (var step = 0; step < Steps; step++)
        {
            var polynomial = Times(gram, gram, rows, rows);
            TensorPrimitives.Multiply(polynomial, C, polynomial);
            TensorPrimitives.MultiplyAdd(gram, B, polynomial, polynomial);
            for (var i = 0; i < rows; i++) polynomial[i * rows + i] += A;
            product = product is null ? polynomial : Times(polynomial, product, rows, rows);
            if (step < Steps - 1) gram = Times(Times(polynomial, gram, rows, rows), polynomial, rows, rows);
        }
        Times(product!, x, rows, columns).CopyTo(x);
    }

    // left [rows, rows] times right [rows, columns].
    static float[] Times(ReadOnlySpan<float> left, ReadOnlySpan<float> right, int rows, int columns)
    {
        var result = new float[rows * columns];
        for (var i = 0; i < rows; i++)
        {
            var row = result.AsSpan(i * columns, columns);
            for (var k = 0; k < rows; k++) TensorPrimitives.MultiplyAdd(right.Slice(k * columns, columns), left[i * rows + k], row, row);
        }
        return result;
    }

    static float[] Transposed(ReadOnlySpan<float> matrix, int rows, int columns)
    {
        var result = new float[matrix.Length];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j];
        return result;
    }
}
