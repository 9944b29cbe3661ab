using Google.Protobuf;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using SkiaSharp;

namespace OnnxEdit.EndToEnd;

/// <summary>
/// A temporary folder with the models and data of docs/tasks.md under the names that it uses: one tiny model for each task, wired by
/// hand to be right mostly, with some small random channels that slimming may find.
/// </summary>
public sealed partial class TaskExamples : IDisposable
{
    readonly TempFolder _folder = new();

    /// <summary>Writes all of them.</summary>
    public TaskExamples()
    {
        Texts();
        Objects();
        Maps();
        Readings();
        Numbers();
    }

    /// <summary>The folder.</summary>
    internal string Folder => _folder.Path;

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    // prices.onnx: input [N,6] -> Gemm -> Relu -> Gemm [N,1]. houses.npz: such rows and what each should give.
    void Numbers()
    {
        const int features = 6, hidden = 16, rows = 300;
        var random = new Random(5);
        var b = new GraphBuilder(6);
        var x = b.Input("input", features);
        // 2 x0 - x1 + |x2|, in three units: x0 and x1 are never so small that the first one is cut off.
        float[,] wired = new float[3, features] { { 2, -1, 0, 0, 0, 0 }, { 0, 0, 1, 0, 0, 0 }, { 0, 0, -1, 0, 0, 0 } };
        float[] first = [.. Enumerable.Range(0, hidden * features).Select(i => i / features < 3 ? wired[i / features, i % features] : Noise(random, 0.1))];
        float[] bias = [.. Enumerable.Range(0, hidden).Select(unit => unit == 0 ? 4f : 0)], last = [.. Enumerable.Range(0, hidden).Select(unit => unit < 3 ? 1 : Noise(random, 0.1))];
        Save("prices.onnx", b.Build(Gemm(b, b.Relu(Gemm(b, x, "features", first, bias)), "price", last, [-4])));

        var items = Enumerable.Range(0, rows * features).Select(_ => Noise(random, 1)).ToArray();
        float[] prices = [.. Enumerable.Range(0, rows).Select(row => items.AsSpan(row * features, features)[0] * 2 - items[row * features + 1] + Math.Abs(items[row * features + 2]) + Noise(random, 0.6))];
        using var stream = File.Create(_folder["houses.npz"]);
        using var npz = new NpzWriter(stream);
        npz.Add("input", NpyArray.From<float>(items, rows, features));
        npz.Add("targets", NpyArray.From<float>(prices, rows, 1));
    }

    static string Gemm(GraphBuilder b, string x, string name, float[] weights, float[] bias) => b.Op(
        "Gemm", [x, b.Floats($"{name}.weight", [bias.Length, weights.Length / bias.Length], weights), b.Floats($"{name}.bias", [bias.Length], bias)],
        [1, bias.Length], name, node => node.Set("transB", 1L));

    static float Noise(Random random, double size) => (float)(size * (2 * random.NextDouble() - 1));

    void Save(string name, ModelProto model) => _folder.Write(name, model.ToByteArray());

    void SavePicture(string name, int width, int height, Func<int, int, SKColor> colour)
    {
        using var picture = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++) picture.SetPixel(x, y, colour(x, y));
        using var png = picture.Encode(SKEncodedImageFormat.Png, 100);
        _folder.Write(name, png.ToArray());
    }
}
