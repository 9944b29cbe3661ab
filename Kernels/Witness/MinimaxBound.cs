using MathNet.Numerics.LinearAlgebra;
using OnnxEdit.Kernels.Moments;

namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// The minimax probability machine of Lanckriet, El Ghaoui, Bhattacharyya and Jordan (JMLR 2002) as a bound on
/// total variation: TV >= kappa^2 / (1 + kappa^2), tight given means and covariances, never below Fisher's
/// bound. Since (a + b)^2 = min over t of a^2/t + b^2/(1-t), kappa^2 = max over t of
/// Delta' (S_P/t + S_Q/(1-t))^-1 Delta, a concave function of one number: no cone program is needed.
/// </summary>
static class MinimaxBound
{
    /// <summary>k = 1: kappa = |d| / (s_P + s_Q), with the two standard deviations.</summary>
    public static MinimaxSolution Solve(double delta, double deviationP, double deviationQ)
    {
        var spread = deviationP + deviationQ;
        if (delta == 0)
            return new MinimaxSolution(0, 0.5);
        return spread > 0
            ? new MinimaxSolution(Math.Abs(delta) / spread, deviationP / spread)
            : new MinimaxSolution(double.PositiveInfinity, 0.5);
    }

    /// <summary>k = 2 without allocation: the quadratic witness z = (x, x^2), with a ridge on each variance.</summary>
    internal static MinimaxSolution Solve(in QuadraticMoments p, in QuadraticMoments q, double ridge = 0)
    {
        double delta1 = p.Mean1 - q.Mean1, delta2 = p.Mean2 - q.Mean2;
        if (delta1 == 0 && delta2 == 0)
            return new MinimaxSolution(0, 0.5);
        Span<double> ySquared = stackalloc double[2], d = stackalloc double[2];
        return SimultaneousDiagonal.Reduce(
            delta1, delta2, p.Cov11 + ridge, p.Cov12, p.Cov22 + ridge, q.Cov11 + ridge, q.Cov12, q.Cov22 + ridge, ySquared, d)
            ? Maximise(ySquared, d)
            : new MinimaxSolution(double.PositiveInfinity, 0.5);
    }

    /// <summary>Any number of features.</summary>
    /// <param name="delta">Difference of the means, length k.</param>
    /// <param name="covarianceP">S_P, k x k row-major, symmetric.</param>
    /// <param name="covarianceQ">S_Q, likewise.</param>
    /// <exception cref="OnnxKernelException">Lengths do not fit.</exception>
    public static MinimaxSolution Solve(
        ReadOnlySpan<double> delta, ReadOnlySpan<double> covarianceP, ReadOnlySpan<double> covarianceQ)
    {
        var k = delta.Length;
        MomentPair.Require(k, covarianceP.Length, covarianceQ.Length);
        if (k == 1)
            return Solve(delta[0], Math.Sqrt(covarianceP[0]), Math.Sqrt(covarianceQ[0]));
        if (MomentPair.IsZero(delta))
            return new MinimaxSolution(0, 0.5);
        var ySquared = k <= 8 ? stackalloc double[8] : new double[k];
        var d = k <= 8 ? stackalloc double[8] : new double[k];
        return SimultaneousDiagonal.Reduce(delta, covarianceP, covarianceQ, ySquared, d)
            ? Maximise(ySquared[..k], d[..k])
            : new MinimaxSolution(double.PositiveInfinity, 0.5);
    }

    /// <summary>
    /// The witness u* = (S_P/t + S_Q/(1-t))^-1 Delta of a solution, scaled so that u*.Delta = 1.
    /// </summary>
    /// <exception cref="OnnxKernelException">Lengths do not fit, or the covariances are singular.</exception>
    public static double[] Direction(
        ReadOnlySpan<double> delta, ReadOnlySpan<double> covarianceP, ReadOnlySpan<double> covarianceQ, double mixing)
    {
        var k = delta.Length;
        MomentPair.Require(k, covarianceP.Length, covarianceQ.Length);
        var p = Matrix<double>.Build.DenseOfRowMajor(k, k, covarianceP.ToArray());
        var q = Matrix<double>.Build.DenseOfRowMajor(k, k, covarianceQ.ToArray());
        var mean = Vector<double>.Build.DenseOfArray(delta.ToArray());
        try
        {
            var direction = (p / mixing + q / (1 - mixing)).Cholesky().Solve(mean);
            return [.. direction / direction.DotProduct(mean)];
        }
        catch (ArgumentException e)
        {
            throw new OnnxKernelException("The summed covariance is singular, so the best witness is not unique; add a ridge to both covariances.", e);
        }
    }

    static MinimaxSolution Maximise(ReadOnlySpan<double> ySquared, ReadOnlySpan<double> d) =>
        GoldenSection.Maximise(new Diagonal(ySquared, d));

    /// <summary>kappa^2(t) after simultaneous diagonalisation: k terms per evaluation.</summary>
    readonly ref struct Diagonal(ReadOnlySpan<double> ySquared, ReadOnlySpan<double> d) : IMixingFunction
    {
        readonly ReadOnlySpan<double> _ySquared = ySquared, _d = d;

        public double At(double t)
        {
            var sum = 0.0;
            for (var i = 0; i < _ySquared.Length; i++)
                sum += _ySquared[i] * t * (1 - t) / (_d[i] * (1 - t) + (1 - _d[i]) * t);
            return sum;
        }
    }
}
