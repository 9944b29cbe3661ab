using MathNet.Numerics.LinearAlgebra;

namespace OnnxEdit.Kernels;

/// <summary>
/// CHIP's channel independence (Sui et al., NeurIPS 2021): how much the nuclear norm of the layer's feature
/// maps A [channels, positions] of one image falls when a channel's row is zeroed.
/// </summary>
/// <remarks>
/// The nuclear norm is the sum of the roots of the eigenvalues of the Gram matrix. Zeroing row j subtracts the
/// rank-one matrix a_j a_j' from A'A, whose new eigenvalues are the roots of the secular equation
/// 1 = sum_i w_i^2 / (lambda_i - mu), w_i^2 = lambda_i v_ji^2 with v_i the eigenvectors of AA': one
/// eigendecomposition per image instead of one per channel.
/// </remarks>
public static class ChannelIndependence
{
    /// <summary>Independence of every channel for one image.</summary>
    /// <param name="maps">Row-major [channels, positions] feature maps, as a rule after the activation function.</param>
    /// <param name="channels">C.</param>
    /// <returns>C non-negative values; a larger one means a channel that others replace less well.</returns>
    /// <exception cref="OnnxKernelException">The maps are empty, ragged or not finite.</exception>
    public static double[] Compute(ReadOnlySpan<float> maps, int channels)
    {
        if (channels < 1 || maps.IsEmpty || maps.Length % channels != 0)
            throw new OnnxKernelException($"{maps.Length} activations do not form {channels} feature maps; pass the maps of one image.");
        var positions = maps.Length / channels;
        for (var i = 0; i < maps.Length; i++)
            if (!float.IsFinite(maps[i]))
                NonFinite.Throw(maps, 0, i / positions, 1, i / positions * positions);
        var rows = Matrix<double>.Build.Dense(channels, positions);
        for (var c = 0; c < channels; c++)
            for (var p = 0; p < positions; p++)
                rows[c, p] = maps[c * positions + p];

        // AA' and A'A have the same eigenvalues; the smaller one is decomposed. MathNet sorts ascending.
        var isWide = channels <= positions;
        var gram = (isWide ? rows.TransposeAndMultiply(rows) : rows.TransposeThisAndMultiply(rows)).Evd(Symmetricity.Symmetric);
        var size = Math.Min(channels, positions);
        var largest = gram.EigenValues[size - 1].Real;
        if (!(largest > 0))
            return new double[channels];

        // Eigenvalues at rounding level do not contribute.
        var first = 0;
        while (gram.EigenValues[first].Real <= 1e-13 * largest)
            first++;
        var values = new double[size - first];
        for (var i = 0; i < values.Length; i++)
            values[i] = gram.EigenValues[first + i].Real;
        // w_i = (A u_i)_j = sqrt(lambda_i) v_ji, from whichever eigenvectors there are.
        var projections = isWide ? gram.EigenVectors : rows * gram.EigenVectors;
        var independence = new double[channels];
        Parallel.For(0, channels, j =>
        {
            var weights = new double[values.Length];
            for (var i = 0; i < weights.Length; i++)
            {
                var component = projections[j, first + i];
                weights[i] = (isWide ? values[i] : 1) * component * component;
            }
            independence[j] = NuclearLoss(values, weights);
        });
        return independence;
    }

    /// <summary>
    /// sum_i sqrt(lambda_i) - sum_i sqrt(mu_i). The roots interlace: mu_i lies between lambda_(i-1) and lambda_i.
    /// </summary>
    static double NuclearLoss(double[] values, double[] weights)
    {
        var loss = 0.0;
        for (var i = 0; i < values.Length; i++)
            loss += Math.Sqrt(values[i]) - Math.Sqrt(Root(values, weights, i));
        return Math.Max(0, loss);
    }

    // 1 - sum w^2 / (lambda - mu) falls from its value at `low` to minus infinity at `high`. Each step solves the
    // two-pole model p + q / (d1 - x) + r + s / (d2 - x) of the sum, which has its value and slope (Gragg's scheme for
    // secular equations); a bisection now and then keeps it safe.
    static double Root(double[] values, double[] weights, int i)
    {
        double low = i == 0 ? 0 : values[i - 1], high = values[i], x = (low + high) / 2;
        double d1 = low, d2 = high, tolerance = 1e-14 * values[i];
        for (var step = 1; step < 150 && high - low > tolerance; step++)
        {
            double psi = 0, psiSlope = 0, phi = 0, phiSlope = 0;
            for (var t = 0; t < i; t++)
            {
                var term = weights[t] / (values[t] - x);
                psi += term;
                psiSlope += term / (values[t] - x);
            }
            for (var t = i; t < values.Length; t++)
            {
                var term = weights[t] / (values[t] - x);
                phi += term;
                phiSlope += term / (values[t] - x);
            }
            if (1 - psi - phi > 0)
                low = x;
            else
                high = x;

            double q = psiSlope * (d1 - x) * (d1 - x), s = phiSlope * (d2 - x) * (d2 - x);
            var next = d1 + ModelRoot(1 - psi + psiSlope * (d1 - x) - phi + phiSlope * (d2 - x), i == 0 ? 0 : q, s, d2 - d1);
            if (!(next > low && next < high) || step % 4 == 0)
                next = (low + high) / 2;
            else if (Math.Abs(next - x) <= tolerance)
                return next;
            x = next;
        }
        return (low + high) / 2;
    }

    // z in (0, width) with c = -q / z + s / (width - z), a quadratic equation; NaN where there is none.
    static double ModelRoot(double c, double q, double s, double width)
    {
        var b = q + s - c * width;
        var root = Math.Sqrt(b * b + 4 * c * q * width);
        return b > 0 ? 2 * q * width / (b + root) : (root - b) / (2 * c);
    }
}
