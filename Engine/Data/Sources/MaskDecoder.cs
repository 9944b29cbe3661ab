using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Reads files of masks: the class of each pixel as a grey value or as its number in a palette.</summary>
static class MaskDecoder
{
    /// <summary>Whether a file can be a mask: stored without loss.</summary>
    public static bool IsMask(string file) => Path.GetExtension(file).ToLowerInvariant() is ".png" or ".bmp";

    /// <summary>Reads one file.</summary>
    /// <exception cref="OnnxEngineException">It is no image, or one of colours (<see cref="ErrorKind.Data"/>).</exception>
    public static MaskTarget Read(string path)
    {
        var encoded = DataFiles.ReadAll(path);
        var image = PngSamples.Read(encoded, path) ?? Grey(ImageDecoder.Decode(encoded, path), path);
        return new MaskTarget(image.Width, image.Height, image.Pixels);
    }

    static RawImage Grey(RawImage image, string path)
    {
        var values = new byte[image.Height * image.Width];
        for (var pixel = 0; pixel < values.Length; pixel++)
        {
            var colour = image.Pixels.AsSpan(3 * pixel, 3);
            values[pixel] = colour[0] == colour[1] && colour[1] == colour[2] ? colour[0]
                : throw new OnnxEngineException(ErrorKind.Data, $"'{path}' has coloured pixels, which do not say their class; save masks as grey or palette png, the class of each pixel being its value.");
        }
        return image with { Pixels = values, Channels = 1 };
    }
}
