using OnnxEdit.Surgery;
using SkiaSharp;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Decodes png, jpg, bmp and webp files to RGB; transparency and orientation tags are ignored.</summary>
static class ImageDecoder
{
    internal static bool IsImage(string file) =>
        Path.GetExtension(file).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".bmp" or ".webp";

    /// <summary>Height and width of an image, its pixels left alone.</summary>
    /// <exception cref="OnnxEngineException">It is no image.</exception>
    internal static (int Height, int Width) Size(byte[] encoded, string name)
    {
        using var data = SKData.CreateCopy(encoded);
        using var codec = encoded.Length == 0 ? null : SKCodec.Create(data);
        return codec is null ? throw Unreadable(name) : (codec.Info.Height, codec.Info.Width);
    }

    /// <summary>Height and width of a file's picture; only its beginning is read.</summary>
    /// <exception cref="OnnxEngineException">It cannot be read, or is no image.</exception>
    internal static (int Height, int Width) Size(string path) => DataFiles.Guarded(path, () =>
    {
        using var stream = File.OpenRead(path);
        using var codec = SKCodec.Create(stream) ?? throw Unreadable(path);
        return (codec.Info.Height, codec.Info.Width);
    });

    /// <summary>Decodes an image.</summary>
    /// <param name="encoded">The bytes of an image file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="OnnxEngineException">It is no image, or ends early.</exception>
    internal static unsafe RawImage Decode(byte[] encoded, string name)
    {
        using var data = SKData.CreateCopy(encoded);
        using var codec = encoded.Length == 0 ? null : SKCodec.Create(data);
        if (codec is null)
            throw Unreadable(name);
        // Straight alpha: the colour under transparent pixels stays what the file says.
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        var rgba = new byte[info.BytesSize];
        SKCodecResult result;
        fixed (byte* pixels = rgba)
            result = codec.GetPixels(info, (nint)pixels);
        if (result != SKCodecResult.Success)
        {
            var why = result == SKCodecResult.IncompleteInput ? "ends before its last row" : $"cannot be decoded ({result})";
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' {why}; remove or replace it.");
        }

        var rgb = new byte[info.Width * info.Height * 3];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            rgb[to] = rgba[from];
            rgb[to + 1] = rgba[from + 1];
            rgb[to + 2] = rgba[from + 2];
        }

        return new RawImage(rgb, info.Height, info.Width, 3);
    }

    static OnnxEngineException Unreadable(string name) => new(ErrorKind.Data, $"'{name}' is not a readable image; remove or replace it.");
}
