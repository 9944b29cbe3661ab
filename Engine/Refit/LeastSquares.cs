using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Ridge regression from Gram sums: W = C (G + lambda I)^-1 on centred sums, b = mean(t) - W mean(x), with lambda
/// relative to the mean diagonal of G.
/// </summary>
static class LeastSquares
{
    /// <summary>Ridge relative to the mean diagonal of the centred Gram matrix.</summary>
    public const double Ridge = 1e-4;

    const int OutputsForRidge = 64;

    static readonly double[] _ridges = [Ridge, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1];

    /// <summary>Fits weights [m, k] and bias [m] to the sums.</summary>
    /// <param name="sums">Sums of one group.</param>
    /// <param name="hasBias">False fits without a constant term, from uncentred sums.</param>
    /// <param name="prior">
    /// Weights before the fit. Where the data is little for that many weights (<see cref="GramSums.Half"/>) the fit is
    /// held to these, as tightly as makes each half of the data predict the other best.
    /// </param>
    public static (double[,] Weights, double[] Bias) Fit(GramSums sums, bool hasBias, double[,]? prior = null)
    {
        if (prior is null || sums.Half is not { } odd || odd.Count < 2 || sums.Count - odd.Count < 2) return Fit(sums, hasBias, null, Ridge);
        return Fit(sums, hasBias, prior, BestRidge(sums.Without(odd), odd, hasBias, prior));
    }

    // Some outputs tell as well as all which ridge is best, and its error falls, then rises: from the middle downhill.
    static double BestRidge(GramSums even, GramSums odd, bool hasBias, double[,] prior)
    {
        var stride = (even.Outputs + OutputsForRidge - 1) / OutputsForRidge;
        int[] outputs = [.. Enumerable.Range(0, even.Outputs).Where(o => o % stride == 0)];
        var known = new double?[_ridges.Length];
        double Error(int r) => known[r] ??= Residual(odd, outputs, Fit(even, hasBias, prior, _ridges[r], outputs)) + Residual(even, outputs, Fit(odd, hasBias, prior, _ridges[r], outputs));
        var at = 2;
        var step = Error(at + 1) < Error(at) ? 1 : -1;
        while (at + step >= 0 && at + step < _ridges.Length && Error(at + step) < Error(at)) at += step;
        return _ridges[at];
    }

    /// <summary>The same with a given ridge, that pulls towards <paramref name="prior"/> if there is one.</summary>
    public static (double[,] Weights, double[] Bias) Fit(GramSums sums, bool hasBias, double[,]? prior, double ridge) =>
        Fit(sums, hasBias, prior, ridge, [.. Enumerable.Range(0, sums.Outputs)]);

    // Rows of the result are those of the given outputs.
    static (double[,] Weights, double[] Bias) Fit(GramSums sums, bool hasBias, double[,]? prior, double ridge, int[] outputs)
    {
        var (k, m) = (sums.Rows, outputs.Length);
        var gram = CentredGram(sums, hasBias);
        var solution = new double[m][];
        ThreadedLoop.For(0, m, at =>
        {
            var o = outputs[at];
            var row = solution[at] = [.. Enumerable.Range(0, k).Select(i => CentredCross(sums, o, i, hasBias))];
            if (prior is null) return;
            for (var j = 0; j < k; j++) TensorPrimitives.MultiplyAdd(gram[j], -prior[o, j], row, row);
        });
        RidgeFactor.Of(gram, ridge, Noise(sums)).Solve(solution);
        var weights = new double[m, k];
        var bias = new double[m];
        for (var at = 0; at < m; at++)
        {
            var o = outputs[at];
            var b = hasBias ? sums.Cross[o * (k + 1) + k] / sums.Count : 0;
            for (var i = 0; i < k; i++)
            {
                weights[at, i] = solution[at][i] + (prior?[o, i] ?? 0);
                if (hasBias) b -= weights[at, i] * sums.Gram[k * (k + 1) + i] / sums.Count;
            }
            bias[at] = b;
        }
        return (weights, bias);
    }

    // Sum of squared errors of a fit of some outputs on other data.
    static double Residual(GramSums sums, int[] outputs, (double[,] Weights, double[] Bias) fit)
    {
        var k = sums.Rows;
        var errors = new double[outputs.Length];
        ThreadedLoop.For(0, outputs.Length, at =>
        {
            var o = outputs[at];
            double[] w = [.. Enumerable.Range(0, k).Select(i => fit.Weights[at, i]), fit.Bias[at]];
            var sum = sums.Power[o];
            for (var i = 0; i <= k; i++)
                sum += w[i] * (TensorPrimitives.Dot(sums.Gram.AsSpan(i * (k + 1), k + 1), w) - 2 * sums.Cross[o * (k + 1) + i]);
            errors[at] = sum;
        });
        return errors.Sum();
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
        ThreadedLoop.For(0, k, i =>
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
