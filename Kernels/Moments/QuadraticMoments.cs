namespace OnnxEdit.Kernels.Moments;

/// <summary>
/// Mean and covariance of z = (x, x^2) over a set of images: all that the quadratic witness of DisCEdit
/// needs. x is a standardised pooled feature.
/// </summary>
/// <param name="Count">n, images.</param>
/// <param name="Mean1">E x.</param>
/// <param name="Mean2">E x^2.</param>
/// <param name="Cov11">Var x (divided by n).</param>
/// <param name="Cov12">Cov(x, x^2).</param>
/// <param name="Cov22">Var x^2.</param>
readonly record struct QuadraticMoments(
    double Count, double Mean1, double Mean2, double Cov11, double Cov12, double Cov22)
{
    /// <summary>
    /// From the power sums of x: sum z = (s1, s2) and sum zz' = [[s2, s3], [s3, s4]].
    /// With no images every field is NaN except the count.
    /// </summary>
    public static QuadraticMoments FromPowerSums(double count, double s1, double s2, double s3, double s4)
    {
        if (count <= 0)
            return new QuadraticMoments(0, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);
        double m1 = s1 / count, m2 = s2 / count;
        // Rounding may leave a variance slightly below zero.
        return new QuadraticMoments(
            count, m1, m2, Math.Max(0, m2 - m1 * m1), s3 / count - m1 * m2, Math.Max(0, s4 / count - m2 * m2));
    }

    /// <summary>
    /// The ridge of the point score for a pair: 1e-6 of the mean variance, so that directions without
    /// variance cannot claim a separation, plus a floor at the rounding error of float32 activations (x is in
    /// units of the pilot's deviation). A ridge on both covariances only lowers the bounds, so they stay valid.
    /// </summary>
    public static double RidgeFor(in QuadraticMoments p, in QuadraticMoments q) =>
        1e-6 * (p.Cov11 + p.Cov22 + q.Cov11 + q.Cov22) / 2
        + 1e-14 * (1 + p.Mean1 * p.Mean1 + p.Mean2 * p.Mean2 + q.Mean1 * q.Mean1 + q.Mean2 * q.Mean2);
}
