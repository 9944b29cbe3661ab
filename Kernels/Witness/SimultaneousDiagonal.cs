namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// Brings a pair of covariances to diagonal form at once: a basis in which S1 + S2 is the identity, S1 is
/// diag(d) and S2 is diag(1 - d). Then Delta'(S1/t + S2/(1-t))^-1 Delta = sum_i y_i^2 / (d_i/t + (1-d_i)/(1-t)),
/// and Fisher's discriminant Delta'(S1+S2)^-1 Delta is sum_i y_i^2.
/// </summary>
static class SimultaneousDiagonal
{
    // Eigenvalues of S1 + S2 below this share of the largest are raised to it. Like a ridge, that can only
    // lower the bounds, so directions without variance need no case of their own.
    const double Floor = 1e-12;

    /// <returns>False if S1 + S2 is zero: the distributions are then points.</returns>
    internal static bool Reduce(
        ReadOnlySpan<double> delta, ReadOnlySpan<double> s1, ReadOnlySpan<double> s2, Span<double> ySquared, Span<double> d)
    {
        var k = delta.Length;
        if (k == 2)
            return Reduce(
                delta[0], delta[1], s1[0], (s1[1] + s1[2]) / 2, s1[3], s2[0], (s2[1] + s2[2]) / 2, s2[3], ySquared, d);
        double[] sum = new double[k * k], values = new double[k], vectors = new double[k * k];
        for (var i = 0; i < sum.Length; i++)
            sum[i] = s1[i] + s2[i];
        SymmetricEigen.Decompose(sum, k, values, vectors);
        var largest = 0.0;
        foreach (var value in values)
            largest = Math.Max(largest, value);
        if (!(largest > 0))
            return false;

        // Rows of the whitening matrix: eigenvectors over the square roots of their eigenvalues.
        for (var i = 0; i < k; i++)
        {
            var root = Math.Sqrt(Math.Max(values[i], Floor * largest));
            for (var r = 0; r < k; r++)
                vectors[i * k + r] /= root;
        }
        var whitened = new double[k * k];
        for (var i = 0; i < k; i++)
            for (var j = 0; j <= i; j++)
                whitened[i * k + j] = whitened[j * k + i] = Quadratic(vectors.AsSpan(i * k, k), s1, vectors.AsSpan(j * k, k));
        var projected = new double[k];
        for (var i = 0; i < k; i++)
            projected[i] = Dot(vectors.AsSpan(i * k, k), delta);
        SymmetricEigen.Decompose(whitened, k, values, vectors);
        for (var i = 0; i < k; i++)
        {
            var y = Dot(vectors.AsSpan(i * k, k), projected);
            ySquared[i] = y * y;
            d[i] = Math.Clamp(values[i], 0, 1);
        }
        return true;
    }

    /// <summary>k = 2 without allocation; the off-diagonal entries are b1 and b2.</summary>
    internal static bool Reduce(
        double delta1, double delta2, double a1, double b1, double c1, double a2, double b2, double c2,
        Span<double> ySquared, Span<double> d)
    {
        SymmetricEigen.Decompose(a1 + a2, b1 + b2, c1 + c2, out var first, out var second, out var cosine, out var sine);
        var largest = Math.Max(first, second);
        if (!(largest > 0))
            return false;
        double w1 = 1 / Math.Sqrt(Math.Max(first, Floor * largest)), w2 = 1 / Math.Sqrt(Math.Max(second, Floor * largest));
        double y1 = w1 * (cosine * delta1 + sine * delta2), y2 = w2 * (cosine * delta2 - sine * delta1);
        // S1 in the whitened basis.
        var p = w1 * w1 * (cosine * cosine * a1 + 2 * cosine * sine * b1 + sine * sine * c1);
        var q = w1 * w2 * (cosine * sine * (c1 - a1) + (cosine * cosine - sine * sine) * b1);
        var r = w2 * w2 * (sine * sine * a1 - 2 * cosine * sine * b1 + cosine * cosine * c1);
        SymmetricEigen.Decompose(p, q, r, out first, out second, out cosine, out sine);
        var z1 = cosine * y1 + sine * y2;
        var z2 = cosine * y2 - sine * y1;
        (ySquared[0], ySquared[1]) = (z1 * z1, z2 * z2);
        (d[0], d[1]) = (Math.Clamp(first, 0, 1), Math.Clamp(second, 0, 1));
        return true;
    }

    static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    static double Quadratic(ReadOnlySpan<double> u, ReadOnlySpan<double> matrix, ReadOnlySpan<double> v)
    {
        var sum = 0.0;
        for (var r = 0; r < u.Length; r++)
            sum += u[r] * Dot(matrix.Slice(r * u.Length, u.Length), v);
        return sum;
    }
}
