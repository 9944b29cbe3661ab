using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;

namespace OnnxEdit.Kernels.Moments;

/// <summary>Reports activations and features that are not finite.</summary>
static class NonFinite
{
    /// <summary>Names the first NaN or infinity among the activations of one channel of one image.</summary>
    [DoesNotReturn]
    internal static void Throw(ReadOnlySpan<float> activations, int image, int channel, int stride, int offset)
    {
        var position = 0;
        while (float.IsFinite(activations[position * stride + offset]))
            position++;
        throw new OnnxKernelException(
            FormattableString.Invariant($"Activation of image {image}, channel {channel}, position {position} is {activations[position * stride + offset]}; ")
            + "statistics need finite values. Check the model's weights and the input normalisation, "
            + "or run the model in float32 if it overflows in half precision.");
    }

    /// <summary>Checks one pooled feature, [images, channels], before it is accumulated.</summary>
    internal static void Require(ReadOnlySpan<double> features, int channels)
    {
        if (AllFinite(features))
            return;
        for (var i = 0; i < features.Length; i++)
            if (!double.IsFinite(features[i]))
                throw new OnnxKernelException(
                    FormattableString.Invariant($"Feature of image {i / channels}, channel {i % channels} is {features[i]}; ")
                    + "moments need finite values. Check the model's weights and the input normalisation.");
    }

    /// <summary>0 x is 0 for finite x and NaN otherwise, so one sum tells whether any value is bad.</summary>
    internal static bool AllFinite(ReadOnlySpan<double> values)
    {
        var probe = 0.0;
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values);
        Vector<double> first = default, second = default;
        var i = 0;
        for (; i + 2 <= vectors.Length; i += 2)
        {
            first += vectors[i] * 0.0;
            second += vectors[i + 1] * 0.0;
        }
        for (i *= Vector<double>.Count; i < values.Length; i++)
            probe += 0 * values[i];
        return probe + Vector.Sum(first + second) == 0;
    }
}
