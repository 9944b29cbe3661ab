using MathNet.Numerics.LinearAlgebra;
using OnnxEdit.Kernels.Moments;

namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// Total variation from Fisher's discriminant: the centred witness bound for the best linear witness u.z is
/// TV >= F / (2 + F) with F = Delta' (S_P + S_Q)^-1 Delta, valid for any P and Q with these moments (DisCEdit).
/// The covariances are added: with their average the same formula would not be a bound.
/// </summary>
static class FisherBound
{
    /// <summary>F / (2 + F), in [0, 1].</summary>
    /// <param name="discriminant">F >= 0, or infinity for two different points.</param>
    public static double FromDiscriminant(double discriminant) =>
        double.IsPositiveInfinity(discriminant) ? 1 : discriminant / (2 + discriminant);

    /// <summary>F = Delta' (S_P + S_Q)^-1 Delta.</summary>
    /// <param name="delta">Difference of the means, length k.</param>
    /// <param name="covarianceP">S_P, k x k row-major, symmetric.</param>
    /// <param name="covarianceQ">S_Q, likewise.</param>
    /// <returns>F; infinity if both covariances vanish but the means differ.</returns>
    /// <exception cref="OnnxKernelException">Lengths do not fit.</exception>
    public static double Discriminant(
        ReadOnlySpan<double> delta, ReadOnlySpan<double> covarianceP, ReadOnlySpan<double> covarianceQ)
    {
        var k = delta.Length;
        MomentPair.Require(k, covarianceP.Length, covarianceQ.Length);
        var ySquared = k <= 8 ? stackalloc double[8] : new double[k];
        var d = k <= 8 ? stackalloc double[8] : new double[k];
        if (MomentPair.IsZero(delta))
            return 0;
        if (!SimultaneousDiagonal.Reduce(delta, covarianceP, covarianceQ, ySquared, d))
            return double.PositiveInfinity;
        var sum = 0.0;
        foreach (var term in ySquared[..k])
            sum += term;
        return sum;
    }

    /// <summary>F for the quadratic witness z = (x, x^2), with <paramref name="ridge"/> added to each variance.</summary>
    internal static double Discriminant(in QuadraticMoments p, in QuadraticMoments q, double ridge = 0)
    {
        double delta1 = p.Mean1 - q.Mean1, delta2 = p.Mean2 - q.Mean2;
        if (delta1 == 0 && delta2 == 0)
            return 0;
        Span<double> ySquared = stackalloc double[2], d = stackalloc double[2];
        return SimultaneousDiagonal.Reduce(
            delta1, delta2, p.Cov11 + ridge, p.Cov12, p.Cov22 + ridge, q.Cov11 + ridge, q.Cov12, q.Cov22 + ridge, ySquared, d)
            ? ySquared[0] + ySquared[1]
            : double.PositiveInfinity;
    }

    /// <summary>
    /// The plug-in discriminant less its bias when P = Q, max(0, F - tr((S_P+S_Q)^-1 (S_P/n_P + S_Q/n_Q))).
    /// A better point estimate for small samples and many features, not a confidence bound.
    /// </summary>
    /// <param name="delta">Difference of the sample means.</param>
    /// <param name="covarianceP">Sample covariance of P.</param>
    /// <param name="covarianceQ">Sample covariance of Q.</param>
    /// <param name="countP">n_P.</param>
    /// <param name="countQ">n_Q.</param>
    /// <exception cref="OnnxKernelException">Lengths do not fit, or S_P + S_Q is singular.</exception>
    public static double Debiased(
        ReadOnlySpan<double> delta, ReadOnlySpan<double> covarianceP, ReadOnlySpan<double> covarianceQ,
        double countP, double countQ)
    {
        var k = delta.Length;
        MomentPair.Require(k, covarianceP.Length, covarianceQ.Length);
        var p = Matrix<double>.Build.DenseOfRowMajor(k, k, covarianceP.ToArray());
        var q = Matrix<double>.Build.DenseOfRowMajor(k, k, covarianceQ.ToArray());
        try
        {
            var cholesky = (p + q).Cholesky();
            var mean = Vector<double>.Build.DenseOfArray(delta.ToArray());
            var bias = cholesky.Solve(p / countP + q / countQ).Trace();
            return Math.Max(0, mean.DotProduct(cholesky.Solve(mean)) - bias);
        }
        catch (ArgumentException e)
        {
            throw new OnnxKernelException("The summed covariance is singular, so the bias of Fisher's discriminant is undefined; add a ridge to both covariances.", e);
        }
    }
}
