using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace OnnxEdit.Engine;

/// <summary>
/// Ridge regression from Gram sums: W = C (G + lambda I)^-1 on centred sums, b = mean(t) - W mean(x), with lambda
/// relative to the mean diagonal of G.
/// </summary>
static class LeastSquares
{
    /// <summary>Default ridge, relative to the mean diagonal of the centred Gram matrix.</summary>
    public const double Ridge = 1e-4;

    /// <summary>Fits weights [m, k] and bias [m] to the sums.</summary>
    /// <param name="sums">Sums of one group.</param>
    /// <param name="hasBias">False fits without a constant term, from uncentred sums.</param>
    /// <param name="prior">Weights [m, k] the ridge pulls towards, or null for zero.</param>
    /// <param name="ridge">Relative ridge.</param>
    public static (double[,] Weights, double[] Bias) Fit(GramSums sums, bool hasBias, double[,]? prior = null, double ridge = Ridge)
    {
        var t0=Prof.Now; var (k, m) = (sums.Rows, sums.Outputs);
        var gram = CentredGram(sums, hasBias);
        var lambda = ridge * Math.Max(gram.Diagonal().Average(), 1e-30);
        var cross = DenseMatrix.Create(k, m, (i, o) => CentredCross(sums, o, i, hasBias) + (prior is null ? 0 : lambda * prior[o, i]));
        for (var i = 0; i < k; i++) gram[i, i] += lambda;
        var solution = gram.Cholesky().Solve(cross);
        var weights = new double[m, k];
        var bias = new double[m];
        for (var o = 0; o < m; o++)
        {
            var b = hasBias ? sums.Cross[o * (k + 1) + k] / sums.Count : 0;
            for (var i = 0; i < k; i++)
            {
                weights[o, i] = solution[i, o];
                if (hasBias) b -= solution[i, o] * sums.Gram[k * (k + 1) + i] / sums.Count;
            }
            bias[o] = b;
        }
        Prof.Add("lsfit",t0); return (weights, bias);
    }

    /// <summary>The centred Gram matrix / count, k x k (uncentred when there is no constant term).</summary>
    public static Matrix<double> CentredGram(GramSums sums, bool centred)
    {
        var (k, n) = (sums.Rows, sums.Count);
        return DenseMatrix.Create(k, k, (i, j) =>
            sums.Gram[i * (k + 1) + j] / n - (centred ? sums.Gram[i * (k + 1) + k] / n * (sums.Gram[j * (k + 1) + k] / n) : 0));
    }

    static double CentredCross(GramSums sums, int o, int i, bool centred)
    {
        var (k, n) = (sums.Rows, sums.Count);
        return sums.Cross[o * (k + 1) + i] / n - (centred ? sums.Cross[o * (k + 1) + k] / n * (sums.Gram[i * (k + 1) + k] / n) : 0);
    }
}
