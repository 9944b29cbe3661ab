using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using SkiaSharp;

namespace OnnxEdit.EndToEnd;

public sealed partial class TaskExamples
{
    // detector.onnx in YOLOv8's form, and signs/: red and blue squares of 8 pixels, some beside the cells that the detector looks at, some pale.
    void Objects()
    {
        Save("detector.onnx", Detector(new Random(2)));
        var random = new Random(3);
        for (var picture = 0; picture < 40; picture++)
        {
            var objects = Enumerable.Range(0, 4).Select(quarter => (Class: random.Next(2), Left: quarter % 2 * 32 + 8 * random.Next(3) + random.Next(3),
                Top: quarter / 2 * 32 + 8 * random.Next(3) + random.Next(3), IsPale: random.Next(8) == 0)).Take(picture % 10 == 9 ? 0 : 1 + picture % 4).ToArray();
            SavePicture($"signs/images/{picture:000}.png", 64, 64, (x, y) => objects.Where(o => x >= o.Left && x < o.Left + 8 && y >= o.Top && y < o.Top + 8).Select(o => (Class: o.Class, o.IsPale)).ToArray() switch
            {
                [var (kind, isPale), ..] when isPale => kind == 0 ? new SKColor(120, 90, 90) : new SKColor(90, 90, 120),
                [var (kind, _), ..] => kind == 0 ? new SKColor(220, 40, 40) : new SKColor(40, 40, 220),
                _ => Grey(90 + random.Next(20)),
            });
            _folder.WriteText($"signs/labels/{picture:000}.txt", string.Concat(objects.Select(o => FormattableString.Invariant($"{o.Class} {(o.Left + 4) / 64.0} {(o.Top + 4) / 64.0} 0.125 0.125\n"))));
        }
        _folder.WriteText("signs/classes.txt", "red\nblue\n");
    }

    // How red and how blue each cell of 8, 16 and 32 pixels is; each cell's box is the cell itself.
    static ModelProto Detector(Random random)
    {
        const int hidden = 12;
        var b = new GraphBuilder(2);
        var x = b.Input("images", 3, 64, 64);
        float[] wired = [1, -0.5f, -0.5f, -0.5f, -0.5f, 1];
        x = b.Relu(Pointwise(b, x, "stem", [.. Enumerable.Range(0, 3 * hidden).Select(i => i < 6 ? wired[i] : Noise(random, 0.05))], new float[hidden]));
        x = Pointwise(b, x, "colours", [.. Enumerable.Range(0, 2 * hidden).Select(i => i % hidden < 2 ? i % hidden == i / hidden ? 1 : 0 : Noise(random, 0.02))], new float[2]);
        List<float> boxes = [];
        List<string> levels = [];
        foreach (var stride in (int[])[8, 16, 32])
        {
            var cells = 64 / stride;
            levels.Add(b.Reshape(b.AveragePool(x, stride, stride), -1, 2, cells * cells));
            for (var cell = 0; cell < cells * cells; cell++) boxes.AddRange([(cell % cells + 0.5f) * stride, (cell / cells + 0.5f) * stride, stride, stride]);
        }
        var means = b.Concat(2, [.. levels]);
        var scores = b.Unary("Sigmoid", b.Add(b.Mul(means, b.Floats("slope", [1], 20)), b.Floats("offset", [1], -6)));
        float[] byColumns = [.. Enumerable.Range(0, 4).SelectMany(value => boxes.Where((_, i) => i % 4 == value))];
        var placed = b.Add(b.Mul(b.Concat(1, means, means), b.Floats("none", [1], 0)), b.Floats("cells", [1, 4, 84], byColumns));
        return b.Build(b.Op("Concat", [placed, scores], [1, 6, 84], "output0", node => node.Set("axis", 1L)));
    }

    // segmenter.onnx, and leaves/: green leaves on brown soil with their masks; photos/: others without.
    void Maps()
    {
        Save("segmenter.onnx", Segmenter(new Random(4)));
        var random = new Random(7);
        for (var picture = 0; picture < 120; picture++)
        {
            var (left, top, size) = (random.Next(6, 26), random.Next(6, 26), random.Next(4, 11));
            bool IsLeaf(int x, int y) => (x - left) * (x - left) + (y - top) * (y - top) < size * size;
            var (folder, number) = picture < 60 ? ("leaves/images", picture) : ("photos", picture - 60);
            // Edges are blurred by a pixel: a model can only guess there.
            SavePicture($"{folder}/{number:000}.png", 32, 32, (x, y) => IsLeaf(x + random.Next(-1, 2), y + random.Next(-1, 2)) ? new SKColor((byte)random.Next(30, 80), (byte)random.Next(120, 200), 40) : new SKColor((byte)random.Next(90, 150), (byte)random.Next(60, 110), 40));
            if (picture < 60) SaveMask($"leaves/masks/{number:000}.png", IsLeaf);
        }
    }

    // Greener than red, then two scores for each pixel.
    static ModelProto Segmenter(Random random)
    {
        const int hidden = 24;
        var b = new GraphBuilder(3);
        var x = b.Input("image", 3, 32, 32);
        float[] wired = [-1, 1, 0, 1, -1, 0];
        x = b.Relu(Pointwise(b, x, "stem", [.. Enumerable.Range(0, 3 * hidden).Select(i => i < 6 ? wired[i] : Noise(random, 0.2))], new float[hidden]));
        // Neighbours count, too, which evens out single pixels.
        x = b.AveragePool(x, 3, 1, 1);
        return b.Build(Pointwise(b, x, "classes", [.. Enumerable.Range(0, 2 * hidden).Select(i => i % hidden < 2 ? i % hidden == 1 - i / hidden ? 4 : 0 : Noise(random, 0.1))], [0, 0]));
    }

    // reader.onnx, its characters in digits.txt, and plates/: pictures of digits and what they say.
    void Readings()
    {
        _folder.WriteText("digits.txt", "0\n1\n2\n3\n");
        Save("reader.onnx", Reader(new Random(8)));
        var random = new Random(9);
        List<string> lines = [];
        for (var picture = 0; picture < 60; picture++)
        {
            int[] digits = [.. Enumerable.Range(0, random.Next(3, 8)).Select(_ => random.Next(4))];
            // One in forty is hardly printed.
            int[] ink = [.. digits.Select(_ => random.Next(40) == 0 ? 50 : random.Next(180, 250))];
            SavePicture($"plates/{picture:000}.png", 64, 16, (x, y) => x / 4 % 2 == 0 && x / 8 < digits.Length && y / 4 == digits[x / 8] ? Grey(ink[x / 8]) : Grey(random.Next(20)));
            lines.Add($"{picture:000}.png\t{string.Concat(digits)}");
        }
        _folder.WriteText("plates/labels.txt", string.Join('\n', lines) + "\n");
    }

    // A digit is a bright quarter of a column of 16 x 4 pixels; blank, class 0, is where none is.
    static ModelProto Reader(Random random)
    {
        const int hidden = 12, positions = 16;
        var b = new GraphBuilder(4);
        var x = b.Input("image", 1, 16, 64);
        float[] bands = [.. Enumerable.Range(0, hidden * 64).Select(i => i / 64 < 4 ? i % 64 / 16 == i / 64 ? 1 / 16f : 0 : Noise(random, 0.005))];
        x = b.Relu(b.Op("Conv", [x, b.Floats("bands.weight", [hidden, 1, 16, 4], bands), b.Floats("bands.bias", [hidden], new float[hidden])], [1, hidden, 1, positions], "bands", node =>
        {
            node.Set("kernel_shape", [16L, 4L]);
            node.Set("strides", [16L, 4L]);
        }));
        x = Pointwise(b, x, "classes", [.. Enumerable.Range(0, 5 * hidden).Select(i => i % hidden < 4 ? i % hidden + 1 == i / hidden ? 1 : 0 : Noise(random, 0.05))], [0.4f, 0, 0, 0, 0]);
        return b.Build(b.Transpose(b.Squeeze(x, 2), 0, 2, 1));
    }

    static string Pointwise(GraphBuilder b, string x, string name, float[] weights, float[] bias)
    {
        var shape = b.Shape(x);
        return b.Op("Conv", [x, b.Floats($"{name}.weight", [bias.Length, shape[1], 1, 1], weights), b.Floats($"{name}.bias", [bias.Length], bias)], [shape[0], bias.Length, shape[2], shape[3]], name, node => node.Set("kernel_shape", [1L, 1L]));
    }

    static SKColor Grey(int value) => new((byte)value, (byte)value, (byte)value);

    // The number of the class of each pixel, as it is stored.
    void SaveMask(string name, Func<int, int, bool> isSecond)
    {
        using var mask = new SKBitmap(32, 32, SKColorType.Gray8, SKAlphaType.Opaque);
        for (var i = 0; i < 32 * 32; i++) mask.GetPixelSpan()[i] = (byte)(isSecond(i % 32, i / 32) ? 1 : 0);
        using var png = mask.Encode(SKEncodedImageFormat.Png, 100);
        _folder.Write(name, png.ToArray());
    }
}
