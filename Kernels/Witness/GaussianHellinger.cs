namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// Squared Hellinger distance of two Gaussians with diagonal covariance, the theory behind TVSPrune (ICLR 2023):
/// H^2 = 1 - prod_i sqrt(2 s_i t_i / (s_i^2 + t_i^2)) exp(-(m_i - n_i)^2 / (4 (s_i^2 + t_i^2))), and TV >= H^2.
/// A bound on the total variation of the features only as far as they are Gaussian and uncorrelated.
/// </summary>
static class GaussianHellinger
{
    /// <summary>H^2 in [0, 1].</summary>
    /// <param name="meanP">m, length k.</param>
    /// <param name="deviationP">s > 0, standard deviations.</param>
    /// <param name="meanQ">n.</param>
    /// <param name="deviationQ">t > 0.</param>
    /// <exception cref="OnnxKernelException">Lengths differ.</exception>
    public static double Squared(
        ReadOnlySpan<double> meanP, ReadOnlySpan<double> deviationP, ReadOnlySpan<double> meanQ, ReadOnlySpan<double> deviationQ)
    {
        if (deviationP.Length != meanP.Length || meanQ.Length != meanP.Length || deviationQ.Length != meanP.Length)
            throw new OnnxKernelException(
                $"Means and deviations have lengths {meanP.Length}, {deviationP.Length}, {meanQ.Length}, {deviationQ.Length}; they must be equal.");
        // The logarithm of the affinity: products over many positions would underflow.
        var logarithm = 0.0;
        for (var i = 0; i < meanP.Length; i++)
        {
            var variance = deviationP[i] * deviationP[i] + deviationQ[i] * deviationQ[i];
            var difference = meanP[i] - meanQ[i];
            if (variance == 0)
            {
                if (difference != 0)
                    return 1;
                continue;
            }
            logarithm += 0.5 * Math.Log(2 * deviationP[i] * deviationQ[i] / variance) - difference * difference / (4 * variance);
        }
        return -Expm1(logarithm);
    }

    // exp(x) - 1 for x <= 0 without cancellation near zero.
    static double Expm1(double x) => Math.Abs(x) < 1e-5 ? x + x * x / 2 : Math.Exp(x) - 1;
}
