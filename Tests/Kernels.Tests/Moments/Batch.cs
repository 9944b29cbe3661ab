using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Kernels.Tests;

/// <summary>Random activations and a plain reference for what pooling should give.</summary>
sealed record Batch(ActivationShape Shape, float[] Activations, int[] Labels)
{
    internal static Batch Random(ActivationShape shape, int classes, ulong seed, double offset = 0)
    {
        var random = new Philox4x32(seed);
        var activations = new float[shape.Length];
        for (var i = 0; i < activations.Length; i++)
            activations[i] = (float)(random.NextGaussian() + (random.NextInt(2) == 0 ? offset : -offset));
        return new Batch(shape, activations, [.. Enumerable.Range(0, shape.Images).Select(_ => random.NextInt(classes))]);
    }

    /// <summary>Sum, sum of squares, maximum and sum of absolute values in decimal arithmetic of one row.</summary>
    internal (double Sum, double Squares, double Max, double Absolute) Row(int image, int channel)
    {
        decimal sum = 0, squares = 0, absolute = 0;
        var max = float.NegativeInfinity;
        for (var p = 0; p < Shape.Positions; p++)
        {
            var value = Activations[Shape.Offset(image, channel, p)];
            sum += (decimal)(double)value;
            squares += (decimal)((double)value * value);
            absolute += (decimal)Math.Abs((double)value);
            max = Math.Max(max, value);
        }
        return ((double)sum, (double)squares, max, (double)absolute);
    }
}
