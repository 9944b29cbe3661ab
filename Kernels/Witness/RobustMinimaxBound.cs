namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// The minimax bound when moments are known only up to balls: kappa = max over u of
/// (|u.Delta| - radius ||u||)_+ / (sqrt(u'(S_P + r_P I)u) + sqrt(u'(S_Q + r_Q I)u)). Splitting the denominator
/// by t as in <see cref="MinimaxBound"/> leaves, for each t, the robust Fisher discriminant of
/// (S_P + r_P I)/t + (S_Q + r_Q I)/(1-t), concave in t as a minimum of concave functions.
/// </summary>
static class RobustMinimaxBound
{
    /// <summary>Solves for kappa by golden section over t, one eigendecomposition per step.</summary>
    /// <param name="delta">Estimated difference of the means, length k.</param>
    /// <param name="covarianceP">S_P, k x k row-major, symmetric.</param>
    /// <param name="covarianceQ">S_Q, likewise.</param>
    /// <param name="meanRadius">Sum of the two means' radii, Euclidean.</param>
    /// <param name="covarianceRadiusP">r_P, Frobenius (or spectral) radius of S_P.</param>
    /// <param name="covarianceRadiusQ">r_Q.</param>
    /// <exception cref="OnnxKernelException">Lengths do not fit.</exception>
    public static MinimaxSolution Solve(
        ReadOnlySpan<double> delta, ReadOnlySpan<double> covarianceP, ReadOnlySpan<double> covarianceQ,
        double meanRadius, double covarianceRadiusP, double covarianceRadiusQ)
    {
        var k = delta.Length;
        MomentPair.Require(k, covarianceP.Length, covarianceQ.Length);
        if (MomentPair.Norm(delta) <= meanRadius)
            return new MinimaxSolution(0, 0.5);
        Span<double> mixed = k <= 8 ? stackalloc double[64] : new double[k * k];
        return GoldenSection.Maximise(
            new Mixture(delta, covarianceP, covarianceQ, mixed[..(k * k)], meanRadius, covarianceRadiusP, covarianceRadiusQ));
    }

    readonly ref struct Mixture(
        ReadOnlySpan<double> delta, ReadOnlySpan<double> p, ReadOnlySpan<double> q, Span<double> mixed,
        double meanRadius, double radiusP, double radiusQ) : IMixingFunction
    {
        readonly ReadOnlySpan<double> _delta = delta, _p = p, _q = q;
        readonly Span<double> _mixed = mixed;
        readonly double _meanRadius = meanRadius, _radiusP = radiusP, _radiusQ = radiusQ;

        public double At(double t)
        {
            for (var i = 0; i < _mixed.Length; i++)
                _mixed[i] = _p[i] / t + _q[i] / (1 - t);
            for (var i = 0; i < _delta.Length; i++)
                _mixed[i * _delta.Length + i] += _radiusP / t + _radiusQ / (1 - t);
            return RobustFisherBound.Discriminant(_delta, _mixed, _meanRadius);
        }
    }
}
