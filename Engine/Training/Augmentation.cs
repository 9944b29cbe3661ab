using System.Numerics.Tensors;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Training;

/// <summary>Mirrors and shifts images at random, and mixes them.</summary>
static class Augmentation
{
    /// <summary>Changes an image in place.</summary>
    /// <param name="image">Its values, [channels, height, width].</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="flip">Whether it may be mirrored.</param>
    /// <param name="shift">Pixels that it is moved by at most, each way.</param>
    /// <param name="random">Decides.</param>
    public static void Apply(Span<float> image, int height, int width, bool flip, int shift, Philox4x32 random)
    {
        if (flip && random.NextInt(2) == 1)
            for (var row = 0; row < image.Length; row += width) image.Slice(row, width).Reverse();
        if (shift == 0) return;
        var (down, right) = (random.NextInt(2 * shift + 1) - shift, random.NextInt(2 * shift + 1) - shift);
        if (down == 0 && right == 0) return;
        var from = image.ToArray();
        image.Clear();
        for (var plane = 0; plane < image.Length; plane += height * width)
            for (var y = Math.Max(0, down); y < Math.Min(height, height + down); y++)
            {
                var (source, target) = (plane + (y - down) * width, plane + y * width);
                var count = Math.Max(0, width - Math.Abs(right));
                from.AsSpan(source + Math.Max(0, -right), count).CopyTo(image.Slice(target + Math.Max(0, right), count));
            }
    }

    /// <summary>image &lt;- share image + (1 - share) other.</summary>
    public static void Mix(Span<float> image, ReadOnlySpan<float> other, float share) => TensorPrimitives.Lerp(other, image, share, image);
}
