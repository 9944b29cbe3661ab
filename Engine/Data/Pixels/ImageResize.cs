using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>How images of any size become the size the model takes: a resize, then a crop from the centre.</summary>
public sealed record ImageResize
{
    /// <summary>Resize so that the shorter edge has this many pixels and the aspect ratio stays; null: not asked for.</summary>
    public int? ShortestEdge { get; init; }

    /// <summary>Resize to exactly this height and <see cref="Width"/>; null: not asked for.</summary>
    public int? Height { get; init; }

    /// <summary>Resize to <see cref="Height"/> and exactly this width; null: not asked for.</summary>
    public int? Width { get; init; }

    /// <summary>Whether the whole picture is fitted into <see cref="Height"/> and <see cref="Width"/> with its aspect ratio kept, in the middle of black.</summary>
    public bool Pad { get; init; }

    /// <summary>Height of the crop from the centre; null: the model's own height.</summary>
    public int? CropHeight { get; init; }

    /// <summary>Width of the crop from the centre; null: the model's own width.</summary>
    public int? CropWidth { get; init; }

    /// <summary>The filter.</summary>
    public Resampling Filter { get; init; } = Resampling.Bilinear;

    /// <summary>
    /// Reads "224x160" (exactly that height x width), "256" (shorter edge 256, then a crop to the model's size),
    /// "256:224" (shorter edge 256, then a crop of 224 x 224) or "pad:224x160" (the whole picture in that height x width, the rest black).
    /// </summary>
    /// <exception cref="OnnxEngineException">Any other text (<see cref="ErrorKind.Usage"/>).</exception>
    public static ImageResize Parse(string text)
    {
        const string pad = "pad:";
        var isPadded = text.StartsWith(pad, StringComparison.Ordinal);
        var exact = (isPadded ? text[pad.Length..] : text).Split('x');
        var cropped = text.Split(':');
        if (exact.Length == 2 && Pixels(exact[0]) is { } height && Pixels(exact[1]) is { } width)
            return new ImageResize { Height = height, Width = width, Pad = isPadded };
        if (cropped.Length == 2 && Pixels(cropped[0]) is { } edge && Pixels(cropped[1]) is { } crop)
            return new ImageResize { ShortestEdge = edge, CropHeight = crop, CropWidth = crop };
        if (Pixels(text) is { } shortest)
            return new ImageResize { ShortestEdge = shortest };
        throw new OnnxEngineException(
            ErrorKind.Usage,
            $"'{text}' is no image size; write HEIGHTxWIDTH, pad:HEIGHTxWIDTH, the shorter edge (256), or shorter edge and crop (256:224).");
    }

    static int? Pixels(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? value : null;
}
