using MathNet.Numerics.LinearAlgebra;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// The fewest numbers that say most about the dimensions of a head. Queries and keys only meet in their products, and
/// values only in the product with the output weights, so a head may be written in any basis. Of all linear maps of D
/// dimensions to r, the one given here loses least: with G = L L' the Gram matrix of what is mapped and Q that of what
/// it is multiplied with, M = V_r' L^-1, V_r the first r eigenvectors of L' Q L (truncated singular value decomposition
/// of Q^1/2 L; Eckart and Young 1936).
/// </summary>
sealed class HeadBasis
{
    readonly Matrix<double> _map; // Rows of least weight first.
    readonly double[] _weights;

    /// <summary>Finds the basis.</summary>
    /// <param name="gram">G, D x D.</param>
    /// <param name="metric">Q, D x D.</param>
    public HeadBasis(double[][] gram, double[][] metric)
    {
        var (values, vectors) = Eigen(Matrix<double>.Build.DenseOfRowArrays(gram));
        var floor = Math.Max(LeastSquares.Ridge * values.Average(), 1e-30);
        var root = values.Map(v => Math.Sqrt(Math.Max(v, 0) + floor));
        var left = vectors * Matrix<double>.Build.DenseOfDiagonalVector(root);
        var (weights, inner) = Eigen(left.Transpose() * Matrix<double>.Build.DenseOfRowArrays(metric) * left);
        _weights = [.. weights.Select(w => Math.Max(0, w))];
        _map = inner.Transpose() * Matrix<double>.Build.DenseOfDiagonalVector(1 / root) * vectors.Transpose();
    }

    /// <summary>The map to r dimensions, r rows of D numbers; where nothing is lost the dimensions stay as they are.</summary>
    public float[][] Map(int rank) => rank == _weights.Length
        ? ScoreFit.Selection([.. Enumerable.Range(0, rank)], rank)
        : [.. _map.EnumerateRows().TakeLast(rank).Select(r => r.Select(v => (float)v).ToArray())];

    /// <summary>What is lost with a number of dimensions: the sum of squares of what they contribute.</summary>
    public double Lost(int removed) => _weights.Take(removed).Sum();

    // Eigenvalues ascend.
    static (Vector<double> Values, Matrix<double> Vectors) Eigen(Matrix<double> symmetric)
    {
        var evd = ((symmetric + symmetric.Transpose()) / 2).Evd(Symmetricity.Symmetric);
        return (evd.EigenValues.Real(), evd.EigenVectors);
    }
}
