namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// Confidence bound for a scalar feature from the Kolmogorov-Smirnov distance, by the inequality of Dvoretzky,
/// Kiefer and Wolfowitz with Massart's constant: each empirical distribution function is within
/// sqrt(ln(4/delta) / (2n)) of its own with probability 1 - delta/2.
/// </summary>
public static class DkwBound
{
    /// <summary>sqrt(ln(4/delta)/(2 n_P)) + sqrt(ln(4/delta)/(2 n_Q)).</summary>
    /// <param name="countP">n_P > 0 independent images.</param>
    /// <param name="countQ">n_Q > 0.</param>
    /// <param name="delta">Probability in (0, 1) with which the bound may fail.</param>
    /// <exception cref="ArgumentOutOfRangeException">delta is not in (0, 1).</exception>
    public static double Epsilon(double countP, double countQ, double delta)
    {
        Probability.Require(delta);
        var logarithm = Math.Log(4 / delta);
        return Math.Sqrt(logarithm / (2 * countP)) + Math.Sqrt(logarithm / (2 * countQ));
    }

    /// <summary>max(0, KS - epsilon): with probability 1 - delta a lower bound on total variation.</summary>
    public static double Lower(double kolmogorovSmirnov, double countP, double countQ, double delta) =>
        Math.Max(0, kolmogorovSmirnov - Epsilon(countP, countQ, delta));
}
