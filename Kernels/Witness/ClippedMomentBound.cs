namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// Confidence bound from two moments of a clipped scalar feature, by the empirical Bernstein bounds of Maurer
/// and Pontil (COLT 2009, theorems 4 and 10): pessimistic means and deviations are put into the minimax bound
/// kappa^2 / (1 + kappa^2). Valid and weak; the Kolmogorov-Smirnov bound is nearly always better.
/// </summary>
static class ClippedMomentBound
{
    /// <summary>A lower bound on total variation that holds with probability 1 - delta.</summary>
    /// <param name="sampleP">At least two values of P.</param>
    /// <param name="sampleQ">At least two values of Q.</param>
    /// <param name="low">Lower end of the clip range, chosen without looking at these samples.</param>
    /// <param name="high">Upper end.</param>
    /// <param name="delta">Failure probability in (0, 1).</param>
    /// <exception cref="OnnxKernelException">A sample is too small or the range is empty.</exception>
    public static double Lower(
        ReadOnlySpan<double> sampleP, ReadOnlySpan<double> sampleQ, double low, double high, double delta)
    {
        Probability.Require(delta);
        if (sampleP.Length < 2 || sampleQ.Length < 2 || !(high > low))
            throw new OnnxKernelException("The clipped moment bound needs two values of either side and a range with high above low.");
        // Six events: two sides of either mean, and either deviation.
        var each = delta / 6;
        Estimate(sampleP, low, high, each, out var meanP, out var errorP, out var deviationP);
        Estimate(sampleQ, low, high, each, out var meanQ, out var errorQ, out var deviationQ);
        var difference = Math.Max(0, Math.Abs(meanP - meanQ) - errorP - errorQ);
        return MinimaxBound.Solve(difference, deviationP, deviationQ).Bound;
    }

    static void Estimate(
        ReadOnlySpan<double> sample, double low, double high, double delta, out double mean, out double error, out double deviation)
    {
        double n = sample.Length, range = high - low, sum = 0, squares = 0;
        foreach (var value in sample)
            sum += Math.Clamp(value, low, high);
        mean = sum / n;
        foreach (var value in sample)
        {
            var centred = Math.Clamp(value, low, high) - mean;
            squares += centred * centred;
        }
        var estimated = Math.Sqrt(squares / (n - 1));
        var logarithm = Math.Log(2 / delta);
        error = estimated * Math.Sqrt(2 * logarithm / n) + 7 * range * logarithm / (3 * (n - 1));
        deviation = estimated + range * Math.Sqrt(2 * Math.Log(1 / delta) / (n - 1));
    }
}
