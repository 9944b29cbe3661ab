using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using SkiaSharp;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>Image files made by the tests, and the geometry and options most tests use.</summary>
static class Pictures
{
    public static InputGeometry Rgb(int height, int width) => InputGeometry.FromShape([3, height, width]);

    public static DataOptions Options(string path) => new()
    {
        Path = path,
        Preprocessing = Preprocessing.Raw,
        Calibration = 3,
        Validation = 2,
    };

    /// <summary>Everything at a path as one test set of raw pixels.</summary>
    public static ItemSet Whole(string path, InputGeometry input) => ModelData.Open(Options(path) with { TestOnly = true }, input).Test!;

    public static float[] Item(ItemSet items, int index)
    {
        var values = new float[items.ItemLength];
        items.Fill(index, 1, values);
        return values;
    }

    public static byte[] Encoded(int height, int width, byte red, byte green, byte blue, SKEncodedImageFormat format = SKEncodedImageFormat.Png)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        bitmap.Erase(new SKColor(red, green, blue));
        using var data = bitmap.Encode(format, 100);
        return data.ToArray();
    }

    public static OnnxEngineException Refused(string path, InputGeometry input, Func<DataOptions, DataOptions>? change = null)
    {
        var options = Options(path);
        return Assert.Throws<OnnxEngineException>(() => ModelData.Open(change is null ? options : change(options), input));
    }
}
