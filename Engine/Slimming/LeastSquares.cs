namespace OnnxEdit.Engine;

/// <summary>
/// Ridge regression from Gram sums: W = C (G + lambda I)^-1 on centred sums, b = mean(t) - W mean(x), with lambda
/// relative to the mean diagonal of G.
/// </summary>
static class LeastSquares
{
    /// <summary>Ridge relative to the mean diagonal of the centred Gram matrix.</summary>
    public const double Ridge = 1e-4;

    /// <summary>Fits weights [m, k] and bias [m] to the sums.</summary>
    /// <param name="sums">Sums of one group.</param>
    /// <param name="hasBias">False fits without a constant term, from uncentred sums.</param>
    public static (double[,] Weights, double[] Bias) Fit(GramSums sums, bool hasBias)
    {
        var (k, m) = (sums.Rows, sums.Outputs);
        var solution = Enumerable.Range(0, m).Select(o => Enumerable.Range(0, k).Select(i => CentredCross(sums, o, i, hasBias)).ToArray()).ToArray();
        Factor(sums, hasBias).Solve(solution);
        var weights = new double[m, k];
        var bias = new double[m];
        for (var o = 0; o < m; o++)
        {
            var b = hasBias ? sums.Cross[o * (k + 1) + k] / sums.Count : 0;
            for (var i = 0; i < k; i++)
            {
                weights[o, i] = solution[o][i];
                if (hasBias) b -= solution[o][i] * sums.Gram[k * (k + 1) + i] / sums.Count;
            }
            bias[o] = b;
        }
        return (weights, bias);
    }

    /// <summary>Factor of the centred Gram matrix / count with its ridge.</summary>
    public static CholeskyFactor Factor(GramSums sums, bool centred) => RidgeFactor.Of(CentredGram(sums, centred), Ridge, Noise(sums));

    /// <summary>What rounding leaves of a variance that is zero: products are summed in float32, so a part in a million of E x^2.</summary>
    public static double Noise(GramSums sums) =>
        1e-6 * Enumerable.Range(0, sums.Rows).Average(i => sums.Gram[i * (sums.Rows + 2)]) / sums.Count;

    /// <summary>Rows of the centred Gram matrix / count, k x k (uncentred when there is no constant term).</summary>
    public static double[][] CentredGram(GramSums sums, bool centred)
    {
        var (k, n) = (sums.Rows, sums.Count);
        var rows = new double[k][];
        Parallel.For(0, k, i =>
        {
            var mean = centred ? sums.Gram[i * (k + 1) + k] / n : 0;
            var row = rows[i] = new double[k];
            for (var j = 0; j < k; j++) row[j] = sums.Gram[i * (k + 1) + j] / n - mean * (sums.Gram[j * (k + 1) + k] / n);
        });
        return rows;
    }

    static double CentredCross(GramSums sums, int o, int i, bool centred)
    {
        var (k, n) = (sums.Rows, sums.Count);
        return sums.Cross[o * (k + 1) + i] / n - (centred ? sums.Cross[o * (k + 1) + k] / n * (sums.Gram[i * (k + 1) + k] / n) : 0);
    }
}
