using OnnxEdit.Engine.Data;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Sample;

/// <summary>
/// The pictures of the built-in sample: ten classes of shapes and textures, 32 x 32 pixels, drawn anew from a seed and a
/// number. Colour, place, size, rotation, clutter and noise vary, so that a small network makes a few errors.
/// </summary>
static class SampleImages
{
    /// <summary>Height and width in pixels.</summary>
    public const int Side = 32;

    /// <summary>Bytes of one picture: a red, a green and a blue plane.</summary>
    public const int Length = 3 * Side * Side;

    /// <summary>Class names by label.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        ["disc", "ring", "square", "frame", "triangle", "cross", "star", "crescent", "stripes", "checks"];

    /// <summary>The class of a picture: the classes take turns, so any run of ten has each once.</summary>
    public static int Label(int index) => index % 10;

    /// <summary>Draws one picture into three planes of <see cref="Side"/> x <see cref="Side"/> bytes.</summary>
    /// <param name="seed">Which collection of pictures.</param>
    /// <param name="index">Which picture of it; the same pair always gives the same picture.</param>
    /// <param name="planes">Receives <see cref="Length"/> bytes.</param>
    public static void Draw(ulong seed, int index, Span<byte> planes)
    {
        var random = new Philox4x32(seed, RandomStreams.SamplePictures + (uint)index);
        var canvas = new float[Length];
        var ground = Background(canvas, random);
        for (var pieces = random.NextInt(4); pieces > 0; pieces--)
            Clutter(canvas, random);
        Subject(canvas, Label(index), ground, random);
        var noise = Between(random, 3, 16);
        for (var i = 0; i < Length; i++)
            planes[i] = (byte)Math.Clamp(Math.Round(canvas[i] + (noise * random.NextGaussian())), 0, 255);
    }

    static double Between(Philox4x32 random, double low, double high) => low + ((high - low) * random.NextDouble());

    static double[] Colour(Philox4x32 random) => [Between(random, 20, 235), Between(random, 20, 235), Between(random, 20, 235)];

    /// <summary>A gradient from one colour to a near one, with a slow wave over it; returns the mean colour.</summary>
    static double[] Background(float[] canvas, Philox4x32 random)
    {
        var colour = Colour(random);
        double[] slope = [Between(random, -30, 30), Between(random, -30, 30), Between(random, -30, 30)];
        var (sine, cosine) = Math.SinCos(Between(random, 0, 2 * Math.PI));
        var (period, phase, height) = (Between(random, 9, 30), Between(random, 0, 2 * Math.PI), Between(random, 0, 12));
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                var along = (((x - 15.5) * cosine) + ((y - 15.5) * sine)) / Side;
                var wave = height * Math.Sin((2 * Math.PI * ((x * sine) - (y * cosine)) / period) + phase);
                for (var channel = 0; channel < 3; channel++)
                    canvas[(channel * Side * Side) + (y * Side) + x] = (float)(colour[channel] + (slope[channel] * along) + wave);
            }
        }

        return colour;
    }

    /// <summary>A small bar or blob that means nothing.</summary>
    static void Clutter(float[] canvas, Philox4x32 random)
    {
        var size = Between(random, 1.5, 4.5);
        var length = random.NextInt(2) == 0 ? 1 : Between(random, 0.1, 0.4);
        Paint(canvas, Placed(random, 0, Side, size, 1), Between(random, 0.5, 1), Colour(random), size,
            random.NextInt(2) == 0 ? (x, y) => Math.Max(Math.Abs(x) - 1, Math.Abs(y) - length) : (x, y) => Math.Sqrt((x * x) + (y * y)) - 0.8);
    }

    /// <summary>The shape that gives the picture its class, in a colour that differs from the ground's.</summary>
    static void Subject(float[] canvas, int label, double[] ground, Philox4x32 random)
    {
        var colour = Colour(random);
        while (colour.Zip(ground, (a, b) => (a - b) * (a - b)).Sum() < 78 * 78)
            colour = Colour(random);
        var size = Between(random, 6.5, 13);
        var place = Placed(random, 10, 22, size, Between(random, 0.75, 1));
        var pattern = Between(random, 3, 4.5) / size;
        var isRound = random.NextInt(2) == 0;
        Paint(canvas, place, Between(random, 0.6, 1), colour, size, (x, y) => SampleShapes.Distance(label, x, y, pattern, isRound));
    }

    /// <summary>A random centre, rotation and squeeze, as a map from pixels to the shape's own coordinates.</summary>
    static Func<double, double, (double X, double Y)> Placed(Philox4x32 random, double low, double high, double size, double squeeze)
    {
        var (left, top) = (Between(random, low, high) - 0.5, Between(random, low, high) - 0.5);
        var (sine, cosine) = Math.SinCos(Between(random, 0, 2 * Math.PI));
        return (x, y) => ((((x - left) * cosine) + ((y - top) * sine)) / size, (((y - top) * cosine) - ((x - left) * sine)) / (size * squeeze));
    }

    /// <summary>Blends a colour in where the signed distance is negative, with an edge one pixel wide.</summary>
    static void Paint(
        float[] canvas, Func<double, double, (double X, double Y)> place, double opacity, double[] colour, double size, Func<double, double, double> distance)
    {
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                var (u, v) = place(x, y);
                var cover = opacity * Math.Clamp(0.5 - (size * distance(u, v)), 0, 1);
                if (cover <= 0)
                    continue;
                for (var channel = 0; channel < 3; channel++)
                {
                    ref var value = ref canvas[(channel * Side * Side) + (y * Side) + x];
                    value += (float)(cover * (colour[channel] - value));
                }
            }
        }
    }
}
