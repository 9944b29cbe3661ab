using MathNet.Numerics.LinearAlgebra;

namespace OnnxEdit.Kernels.Witness;

/// <summary>Eigenvalues and eigenvectors of small symmetric matrices; closed form for k = 1 and 2.</summary>
static class SymmetricEigen
{
    /// <summary>Writes values[i] and vectors[i * k + r], the r-th entry of the i-th unit eigenvector.</summary>
    internal static void Decompose(ReadOnlySpan<double> matrix, int k, Span<double> values, Span<double> vectors)
    {
        if (k == 1)
        {
            values[0] = matrix[0];
            vectors[0] = 1;
            return;
        }
        if (k == 2)
        {
            Decompose(matrix[0], (matrix[1] + matrix[2]) / 2, matrix[3], out values[0], out values[1], out var cosine, out var sine);
            (vectors[0], vectors[1], vectors[2], vectors[3]) = (cosine, sine, -sine, cosine);
            return;
        }
        var dense = Matrix<double>.Build.Dense(k, k);
        for (var r = 0; r < k; r++)
            for (var c = 0; c < k; c++)
                dense[r, c] = (matrix[r * k + c] + matrix[c * k + r]) / 2;
        var evd = dense.Evd(Symmetricity.Symmetric);
        for (var i = 0; i < k; i++)
        {
            values[i] = evd.EigenValues[i].Real;
            for (var r = 0; r < k; r++)
                vectors[i * k + r] = evd.EigenVectors[r, i];
        }
    }

    /// <summary>
    /// [[a, b], [b, c]]: the first eigenvector is (cosine, sine), the second (-sine, cosine).
    /// </summary>
    internal static void Decompose(
        double a, double b, double c, out double first, out double second, out double cosine, out double sine)
    {
        // Jacobi's rotation: tan of half the angle whose tangent is 2b / (a - c), without trigonometry.
        if (b == 0)
        {
            (first, second, cosine, sine) = (a, c, 1, 0);
            return;
        }
        var theta = (c - a) / (2 * b);
        var tangent = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt(theta * theta + 1));
        cosine = 1 / Math.Sqrt(tangent * tangent + 1);
        sine = -tangent * cosine;
        first = a - tangent * b;
        second = c + tangent * b;
    }
}
