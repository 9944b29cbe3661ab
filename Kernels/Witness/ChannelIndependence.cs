using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;
using OnnxEdit.Kernels.Moments;

namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// CHIP's channel independence (Sui et al., NeurIPS 2021): how much the nuclear norm of the layer's feature
/// maps A [channels, positions] of one image falls when a channel's row is zeroed.
/// </summary>
/// <remarks>
/// The nuclear norm is the sum of the roots of the eigenvalues lambda_i of the Gram matrix AA'. Zeroing row j makes
/// them mu_i, with prod (mu_i + t^2) / (lambda_i + t^2) = 1 - sum_i lambda_i v_ji^2 / (lambda_i + t^2) =: h_j(t) by the
/// determinant of a rank-one update, v_i being the eigenvectors. As the integral of log((a + t^2) / (b + t^2)) over
/// t > 0 is pi (sqrt a - sqrt b), the norm falls by -1/pi times the integral of log h_j(t): one eigendecomposition per
/// image, and one quadrature per channel whose nodes all channels share.
/// </remarks>
static class ChannelIndependence
{
    /// <summary>Independence of every channel for one image.</summary>
    /// <param name="maps">Row-major [channels, positions] feature maps, as a rule after the activation function.</param>
    /// <param name="channels">C.</param>
    /// <param name="threads">Threads to use; 0 means one per processor.</param>
    /// <returns>C non-negative values; a larger one means a channel that others replace less well.</returns>
    /// <exception cref="OnnxKernelException">The maps are empty, ragged or not finite.</exception>
    public static double[] Compute(ReadOnlySpan<float> maps, int channels, int threads = 0)
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
        // v_ji, from whichever eigenvectors there are: v_i = A u_i / sqrt(lambda_i).
        var vectors = isWide ? gram.EigenVectors : rows * gram.EigenVectors;
        var (nodes, shares) = Nodes(values);
        var independence = new double[channels];
        Parallel.For(0, channels, new ParallelOptions { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads }, j =>
        {
            var squares = new double[values.Length];
            for (var i = 0; i < squares.Length; i++)
                squares[i] = vectors[j, first + i] * vectors[j, first + i] / (isWide ? 1 : values[i]);
            independence[j] = NuclearLoss(squares, nodes, shares);
        });
        return independence;
    }

    // The trapezoidal rule in u = log t: the integrand is analytic for |Im u| < pi / 2, so the error is e^(-pi^2 / Step).
    const double Step = 0.4, Reach = 28;

    /// <summary>Nodes t and, for each, the n values t^2 / (lambda_i + t^2) followed by the n values lambda_i / (lambda_i + t^2).</summary>
    static (double[] Nodes, double[] Shares) Nodes(double[] values)
    {
        var (n, count) = (values.Length, (int)(2 * Reach / Step) + 1);
        var nodes = new double[count];
        var shares = new double[count * 2 * n];
        for (var k = 0; k < count; k++)
        {
            nodes[k] = Math.Sqrt(values[^1]) * Math.Exp(k * Step - Reach);
            var square = nodes[k] * nodes[k];
            for (var i = 0; i < n; i++)
            {
                shares[(2 * k * n) + i] = square / (values[i] + square);
                shares[((2 * k + 1) * n) + i] = values[i] / (values[i] + square);
            }
        }
        return (nodes, shares);
    }

    // -1/pi integral of log h dt, with h = (1 - sum v^2) + sum v^2 t^2 / (lambda + t^2) written free of cancellation.
    static double NuclearLoss(double[] squares, double[] nodes, double[] shares)
    {
        var n = squares.Length;
        var rest = Math.Max(0, 1 - TensorPrimitives.Sum<double>(squares));
        var integral = 0.0;
        for (var k = 0; k < nodes.Length; k++)
        {
            var fallen = TensorPrimitives.Dot<double>(squares, shares.AsSpan((2 * k + 1) * n, n));
            var log = fallen < 0.5 ? double.LogP1(-fallen) : Math.Log(rest + TensorPrimitives.Dot<double>(squares, shares.AsSpan(2 * k * n, n)));
            // A channel that is the only one of its direction leaves nothing at t = 0; its logarithm is integrable.
            if (double.IsFinite(log))
                integral += nodes[k] * log;
        }
        return Math.Max(0, -integral * Step / Math.PI);
    }
}
