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
        var gram = Gram(maps, channels, positions).Evd(Symmetricity.Symmetric);
        var largest = gram.EigenValues[channels - 1].Real;
        if (!(largest > 0))
            return new double[channels];

        // MathNet sorts ascending. Eigenvalues at rounding level do not contribute, and at most `positions` can.
        var first = Math.Max(0, channels - positions);
        while (gram.EigenValues[first].Real <= 1e-13 * largest)
            first++;
        var values = new double[channels - first];
        for (var i = 0; i < values.Length; i++)
            values[i] = gram.EigenValues[first + i].Real;
        var independence = new double[channels];
        Parallel.For(0, channels, j =>
        {
            var weights = new double[values.Length];
            for (var i = 0; i < weights.Length; i++)
            {
                var component = gram.EigenVectors[j, first + i];
                weights[i] = values[i] * component * component;
            }
            independence[j] = NuclearLoss(values, weights);
        });
        return independence;
    }

    static Matrix<double> Gram(ReadOnlySpan<float> maps, int channels, int positions)
    {
        var rows = Matrix<double>.Build.Dense(channels, positions);
        for (var c = 0; c < channels; c++)
            for (var p = 0; p < positions; p++)
                rows[c, p] = maps[c * positions + p];
        return rows.TransposeAndMultiply(rows);
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

    static double Root(double[] values, double[] weights, int i)
    {
        double low = i == 0 ? 0 : values[i - 1], high = values[i];
        // 1 - sum w^2 / (lambda - mu) falls from its value at `low` to minus infinity at `high`.
        for (var step = 0; step < 60 && high - low > 1e-14 * values[i]; step++)
        {
            var middle = (low + high) / 2;
            var sum = 1.0;
            for (var t = 0; t < values.Length; t++)
                sum -= weights[t] / (values[t] - middle);
            if (sum > 0)
                low = middle;
            else
                high = middle;
        }
        return (low + high) / 2;
    }
}
