using MathNet.Numerics;

namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// Exact one-sided confidence limits for a binomial proportion (Clopper and Pearson, Biometrika 1934).
/// </summary>
static class ClopperPearson
{
    /// <summary>p is at least this with probability 1 - delta; 0 without successes.</summary>
    /// <param name="successes">Integer in [0, trials].</param>
    /// <param name="trials">Positive integer.</param>
    /// <param name="delta">Failure probability in (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    public static double Lower(int successes, int trials, double delta)
    {
        Probability.Require(delta);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trials);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        return successes == 0 ? 0 : BetaQuantile(delta, successes, trials - successes + 1);
    }

    /// <summary>p is at most this with probability 1 - delta; 1 without failures.</summary>
    /// <inheritdoc cref="Lower" path="/param"/>
    /// <inheritdoc cref="Lower" path="/exception"/>
    public static double Upper(int successes, int trials, double delta) => 1 - Lower(trials - successes, trials, delta);

    /// <summary>The x with I_x(a, b) = p, by bisection: slow and sure.</summary>
    static double BetaQuantile(double p, double a, double b)
    {
        double low = 0, high = 1;
        while (high - low > 1e-13)
        {
            var middle = (low + high) / 2;
            if (RegularizedBeta(middle, a, b) < p)
                low = middle;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>
    /// I_x(a, b) by the continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) in
    /// Lentz's form. It takes O(sqrt(max(a, b))) terms, so there is no fixed limit on them as in libraries.
    /// </summary>
    static double RegularizedBeta(double x, double a, double b)
    {
        if (x <= 0 || x >= 1)
            return x <= 0 ? 0 : 1;
        if (x > (a + 1) / (a + b + 2))
            return 1 - RegularizedBeta(1 - x, b, a);
        var front = Math.Exp(
            SpecialFunctions.GammaLn(a + b) - SpecialFunctions.GammaLn(a) - SpecialFunctions.GammaLn(b)
            + a * Math.Log(x) + b * Math.Log(1 - x)) / a;
        const double tiny = 1e-300;
        double c = 1, d = 1 - (a + b) * x / (a + 1);
        d = 1 / (Math.Abs(d) < tiny ? tiny : d);
        var fraction = d;
        for (var m = 1; m < 1_000_000; m++)
        {
            var even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            var odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            fraction *= Step(even, ref c, ref d);
            var factor = Step(odd, ref c, ref d);
            fraction *= factor;
            if (Math.Abs(factor - 1) < 1e-15)
                break;
        }
        return front * fraction;

        static double Step(double coefficient, ref double c, ref double d)
        {
            d = 1 + coefficient * d;
            d = 1 / (Math.Abs(d) < tiny ? tiny : d);
            c = 1 + coefficient / c;
            c = Math.Abs(c) < tiny ? tiny : c;
            return c * d;
        }
    }
}
