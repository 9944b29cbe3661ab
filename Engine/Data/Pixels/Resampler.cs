using OnnxEdit.Engine.Data.Sources;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>
/// Resizes images as PIL does, which models are usually trained with: a separable filter, widened by the scale when
/// shrinking, first along rows and then along columns, in fixed point with 8-bit values in between.
/// </summary>
static class Resampler
{
    // 8 bits of result and 2 of headroom for the overshoot of the filters leave 22 for the fraction.
    const int FractionBits = 32 - 8 - 2;

    internal static RawImage Resize(RawImage image, int height, int width, Resampling filter)
    {
        if (width != image.Width)
            image = AlongRows(image, width, filter);
        if (height != image.Height)
            image = AlongColumns(image, height, filter);
        return image;
    }

    static RawImage AlongRows(RawImage image, int width, Resampling filter)
    {
        var channels = image.Channels;
        var pixels = new byte[image.Height * width * channels];
        var taps = Taps(image.Width, width, filter);
        for (var y = 0; y < image.Height; y++)
        {
            var row = image.Pixels.AsSpan(y * image.Width * channels, image.Width * channels);
            for (var x = 0; x < width; x++)
            {
                var (first, weights) = taps[x];
                for (var channel = 0; channel < channels; channel++)
                {
                    var sum = 1 << (FractionBits - 1);
                    for (var i = 0; i < weights.Length; i++)
                        sum += row[((first + i) * channels) + channel] * weights[i];
                    pixels[(((y * width) + x) * channels) + channel] = Clip(sum);
                }
            }
        }

        return image with { Pixels = pixels, Width = width };
    }

    static RawImage AlongColumns(RawImage image, int height, Resampling filter)
    {
        var stride = image.Width * image.Channels;
        var pixels = new byte[height * stride];
        var sums = new int[stride];
        foreach (var (y, (first, weights)) in Taps(image.Height, height, filter).Index())
        {
            Array.Fill(sums, 1 << (FractionBits - 1));
            for (var i = 0; i < weights.Length; i++)
            {
                var row = image.Pixels.AsSpan((first + i) * stride, stride);
                for (var x = 0; x < stride; x++)
                    sums[x] += row[x] * weights[i];
            }

            for (var x = 0; x < stride; x++)
                pixels[(y * stride) + x] = Clip(sums[x]);
        }

        return image with { Pixels = pixels, Height = height };
    }

    static byte Clip(int sum) => (byte)Math.Clamp(sum >> FractionBits, 0, 255);

    /// <summary>For each output position the first input position and the weights from there on.</summary>
    static (int First, int[] Weights)[] Taps(int from, int to, Resampling filter)
    {
        var taps = new (int, int[])[to];
        var scale = (double)from / to;
        var widening = Math.Max(scale, 1);
        var support = Support(filter) * widening;
        for (var i = 0; i < to; i++)
        {
            var centre = (i + 0.5) * scale;
            if (filter == Resampling.Nearest)
            {
                taps[i] = (Math.Min((int)centre, from - 1), [1 << FractionBits]);
                continue;
            }

            var first = Math.Max((int)(centre - support + 0.5), 0);
            var end = Math.Min((int)(centre + support + 0.5), from);
            var weights = new double[end - first];
            for (var x = 0; x < weights.Length; x++)
                weights[x] = Weight(filter, (x + first - centre + 0.5) / widening);
            var sum = weights.Sum();
            taps[i] = (first, [.. weights.Select(weight => Fixed(weight / sum))]);
        }

        return taps;
    }

    /// <summary>Rounds half away from zero.</summary>
    static int Fixed(double weight) => (int)((weight * (1 << FractionBits)) + (weight < 0 ? -0.5 : 0.5));

    static double Support(Resampling filter) => filter switch
    {
        Resampling.Box => 0.5,
        Resampling.Bilinear => 1,
        Resampling.Bicubic => 2,
        Resampling.Lanczos => 3,
        _ => 0,
    };

    static double Weight(Resampling filter, double x)
    {
        const double a = -0.5;
        var distance = Math.Abs(x);
        return filter switch
        {
            Resampling.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
            Resampling.Bilinear => Math.Max(0, 1 - distance),
            Resampling.Bicubic when distance < 1 => ((((a + 2) * distance) - (a + 3)) * distance * distance) + 1,
            Resampling.Bicubic when distance < 2 => ((((distance - 5) * distance) + 8) * distance - 4) * a,
            Resampling.Lanczos when x is >= -3 and < 3 => Sinc(x) * Sinc(x / 3),
            _ => 0,
        };
    }

    static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
}
