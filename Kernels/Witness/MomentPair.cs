namespace OnnxEdit.Kernels.Witness;

/// <summary>Checks the arrays that the moment bounds take.</summary>
static class MomentPair
{
    internal static void Require(int k, int covarianceP, int covarianceQ)
    {
        if (k == 0 || covarianceP != k * k || covarianceQ != k * k)
            throw new OnnxKernelException(
                $"A mean difference of length {k} needs two row-major {k} x {k} covariances, not {covarianceP} and {covarianceQ} values.");
    }

    internal static double Norm(ReadOnlySpan<double> values)
    {
        var squares = 0.0;
        foreach (var value in values)
            squares += value * value;
        return Math.Sqrt(squares);
    }

    internal static bool IsZero(ReadOnlySpan<double> values) => values.IndexOfAnyExcept(0.0) < 0;
}
