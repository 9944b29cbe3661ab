namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// Fisher's discriminant when means and covariances are known only up to balls, after Kim, Magnani and Boyd,
/// "Robust Fisher discriminant analysis" (NIPS 2005): the smallest Delta~'(S + r I)^-1 Delta~ over all mean
/// differences within delta of the estimate. If the true moments lie in the balls, F / (2 + F) bounds their
/// total variation.
/// </summary>
static class RobustFisherBound
{
    /// <summary>
    /// min over ||e|| &lt;= radius of (Delta - e)' S^-1 (Delta - e), in closed form: with S = V diag(s) V' and
    /// y = V'Delta, find lambda with sum_i (y_i / (1 + lambda s_i))^2 = radius^2; the minimum is
    /// sum_i y_i^2 lambda^2 s_i / (1 + lambda s_i)^2.
    /// </summary>
    /// <param name="delta">Estimated difference of the means, length k.</param>
    /// <param name="covariance">S = S_P + S_Q + r I, k x k row-major, symmetric.</param>
    /// <param name="radius">Sum of the two means' radii.</param>
    /// <param name="multiplier">lambda; 0 where the ball contains zero difference, infinity for radius 0.</param>
    /// <returns>The robust discriminant, 0 if the ball contains zero difference.</returns>
    /// <exception cref="OnnxKernelException">Lengths do not fit.</exception>
    public static double Discriminant(
        ReadOnlySpan<double> delta, ReadOnlySpan<double> covariance, double radius, out double multiplier)
    {
        var k = delta.Length;
        MomentPair.Require(k, covariance.Length, covariance.Length);
        Span<double> values = k <= 8 ? stackalloc double[8] : new double[k];
        Span<double> vectors = k <= 8 ? stackalloc double[64] : new double[k * k];
        Span<double> ySquared = k <= 8 ? stackalloc double[8] : new double[k];
        values = values[..k];
        ySquared = ySquared[..k];
        SymmetricEigen.Decompose(covariance, k, values, vectors);
        var largest = 0.0;
        foreach (var value in values)
            largest = Math.Max(largest, value);
        for (var i = 0; i < k; i++)
        {
            var y = 0.0;
            for (var r = 0; r < k; r++)
                y += vectors[i * k + r] * delta[r];
            ySquared[i] = y * y;
            values[i] = Math.Max(values[i], 1e-12 * largest);
        }
        return Minimise(ySquared, values, radius, out multiplier);
    }

    /// <inheritdoc cref="Discriminant(ReadOnlySpan{double}, ReadOnlySpan{double}, double, out double)"/>
    public static double Discriminant(ReadOnlySpan<double> delta, ReadOnlySpan<double> covariance, double radius) =>
        Discriminant(delta, covariance, radius, out _);

    /// <summary>
    /// DisCEdit's "robust" bound: radii are a share of the estimates, r = share (||S_P||_F + ||S_Q||_F) on the
    /// covariance and share (||m_P|| + ||m_Q||) on the mean difference.
    /// </summary>
    /// <returns>F / (2 + F) for the robust discriminant F.</returns>
    /// <exception cref="OnnxKernelException">Lengths do not fit.</exception>
    public static double WithRelativeRadii(
        ReadOnlySpan<double> meanP, ReadOnlySpan<double> meanQ,
        ReadOnlySpan<double> covarianceP, ReadOnlySpan<double> covarianceQ, double share = 0.05)
    {
        var k = meanP.Length;
        if (meanQ.Length != k)
            throw new OnnxKernelException($"The means have lengths {k} and {meanQ.Length}; they must be equal.");
        MomentPair.Require(k, covarianceP.Length, covarianceQ.Length);
        double[] delta = new double[k], covariance = new double[k * k];
        for (var i = 0; i < k; i++)
            delta[i] = meanP[i] - meanQ[i];
        for (var i = 0; i < covariance.Length; i++)
            covariance[i] = covarianceP[i] + covarianceQ[i];
        var ridge = share * (MomentPair.Norm(covarianceP) + MomentPair.Norm(covarianceQ));
        for (var i = 0; i < k; i++)
            covariance[i * k + i] += ridge;
        var radius = share * (MomentPair.Norm(meanP) + MomentPair.Norm(meanQ));
        return FisherBound.FromDiscriminant(Discriminant(delta, covariance, radius));
    }

    static double Minimise(ReadOnlySpan<double> ySquared, ReadOnlySpan<double> values, double radius, out double multiplier)
    {
        double target = radius * radius, length = 0, plain = 0;
        for (var i = 0; i < ySquared.Length; i++)
        {
            length += ySquared[i];
            plain += ySquared[i] == 0 ? 0 : ySquared[i] / values[i];
        }
        multiplier = 0;
        if (length <= target)
            return 0;
        multiplier = double.PositiveInfinity;
        if (target == 0 || double.IsPositiveInfinity(plain))
            return plain;

        // The distance falls from ||Delta|| to 0 as lambda grows.
        double low = 0, high = 1;
        while (Distance(ySquared, values, high) > target)
            (low, high) = (high, high * 2);
        for (var i = 0; i < 100 && high - low > 1e-15 * high; i++)
        {
            var middle = (low + high) / 2;
            if (Distance(ySquared, values, middle) > target)
                low = middle;
            else
                high = middle;
        }
        // F grows with lambda, so the lower end of the bracket never overstates it.
        multiplier = low;
        var sum = 0.0;
        for (var i = 0; i < ySquared.Length; i++)
        {
            var shrunk = multiplier / (1 + multiplier * values[i]);
            sum += ySquared[i] * values[i] * shrunk * shrunk;
        }
        return sum;
    }

    static double Distance(ReadOnlySpan<double> ySquared, ReadOnlySpan<double> values, double multiplier)
    {
        var sum = 0.0;
        for (var i = 0; i < ySquared.Length; i++)
        {
            var shrink = 1 + multiplier * values[i];
            sum += ySquared[i] / (shrink * shrink);
        }
        return sum;
    }
}
