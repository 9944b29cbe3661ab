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

    const int RowsForBothHalves = 1200;

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
        var held = sums.Half is null ? null : prior;
        return Fit(sums, hasBias, held, held is null ? Ridge : BestRidge(sums, hasBias, held));
    }

    /// <summary>The ridge of such a fit.</summary>
    /// <param name="sums">Sums of one group, with those of half of the data.</param>
    /// <param name="hasBias">False fits without a constant term.</param>
    /// <param name="prior">Weights before the fit.</param>
    public static double BestRidge(GramSums sums, bool hasBias, double[,] prior)
    {
        if (sums.Half is not { } odd || odd.Count < 2 || sums.Count - odd.Count < 2) return Ridge;
        // Some outputs tell as well as all which ridge is best.
        var stride = (sums.Outputs + OutputsForRidge - 1) / OutputsForRidge;
        int[] outputs = [.. Enumerable.Range(0, sums.Outputs).Where(o => o % stride == 0)];
        var (first, second) = (new RidgeSystem(sums.Without(odd), hasBias, prior, outputs), new RidgeSystem(odd, hasBias, prior, outputs));
        // A factor of very many rows is what a trial costs, and one of the halves has data enough to judge by.
        return Downhill(ridge => second.Error(first.Solve(ridge)) + (sums.Rows > RowsForBothHalves ? 0 : first.Error(second.Solve(ridge))));
    }

    /// <summary>The ridge that makes an error least which falls, then rises: from the middle of those there are downhill.</summary>
    /// <param name="error">The error at a ridge.</param>
    public static double Downhill(Func<double, double> error)
    {
        var known = new double?[_ridges.Length];
        double Error(int r) => known[r] ??= error(_ridges[r]);
        var at = 2;
        var step = Error(at + 1) < Error(at) ? 1 : -1;
        while (at + step >= 0 && at + step < _ridges.Length && Error(at + step) < Error(at)) at += step;
        return _ridges[at];
    }

    /// <summary>The same with a given ridge, that pulls towards <paramref name="prior"/> if there is one.</summary>
    public static (double[,] Weights, double[] Bias) Fit(GramSums sums, bool hasBias, double[,]? prior, double ridge) =>
        new RidgeSystem(sums, hasBias, prior, [.. Enumerable.Range(0, sums.Outputs)]).Solve(ridge);

    /// <summary>Factor of the centred Gram matrix / count with its ridge.</summary>
    public static CholeskyFactor Factor(GramSums sums, bool centred) => RidgeFactor.Of(CentredGram(sums, centred), Ridge, Noise(sums));

    /// <summary>What rounding leaves of a variance that is zero, as a part of E x^2: products are summed in float32.</summary>
    public const double RelativeNoise = 1e-6;

    /// <summary>What rounding leaves of a variance that is zero.</summary>
    public static double Noise(GramSums sums) =>
        RelativeNoise * Enumerable.Range(0, sums.Rows).Average(i => sums.Gram[i * (sums.Rows + 2)]) / sums.Count;

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
}
