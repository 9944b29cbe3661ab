using OnnxEdit.Engine.Data.Sources;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>How large the pictures of some data are, and whether they have to be resized for a model.</summary>
static class PictureSizes
{
    /// <summary>Pictures that are looked at; the others are taken to be alike.</summary>
    const int Looked = 48;

    /// <summary>What models take that leave their size open and are given pictures of several.</summary>
    const int UsualExtent = 224;

    /// <summary>Height and width of some of the pictures that are tested on; null: the data is arrays or random, no pictures.</summary>
    /// <exception cref="OnnxEngineException">The data cannot be read.</exception>
    internal static IReadOnlyList<(int Height, int Width)>? Of(DataOptions options, InputGeometry input)
    {
        var path = options.EvalPath ?? options.Path;
        if (path.StartsWith("random:", StringComparison.Ordinal)) return null;
        var parts = DataFormat.Open(path, input);
        if ((parts.Test ?? parts.Whole ?? parts.Train) is not PixelSource { Count: > 0 } pictures) return null;
        var step = Math.Max(1, pictures.Count / Looked);
        return [.. Enumerable.Range(0, Math.Min(Looked, pictures.Count)).Select(i => pictures.Read(i * step)).Select(p => (p.Height, p.Width))];
    }

    /// <summary>
    /// The usual ways to bring such pictures to the size that a model takes, the most usual first: shorter edge and a crop
    /// of 0.875, stretched, the largest square, the whole picture with black around; one null where they have it already.
    /// </summary>
    internal static ImageResize?[] Resizes(InputGeometry input, IReadOnlyList<(int Height, int Width)> pictures)
    {
        var (height, width) = Extents(input, pictures[0]);
        if (height <= 0 || width <= 0)
        {
            if (pictures.All(p => p == pictures[0])) return [null];
            (height, width) = (height > 0 ? height : width > 0 ? width : UsualExtent, width > 0 ? width : height > 0 ? height : UsualExtent);
        }
        if (pictures.All(p => p == (height, width))) return [null];
        var stretched = new ImageResize { Height = height, Width = width };
        var padded = stretched with { Pad = true };
        // Pictures of the model's proportions are the same stretched, cut to its proportions and with something around.
        var isAlike = pictures.All(p => (long)p.Height * width == (long)p.Width * height);
        if (height != width) return isAlike ? [stretched] : [stretched, padded];
        var central = Square((int)Math.Round(height / 0.875), height);
        return isAlike ? [central, stretched] : [central, stretched, Square(height, height), padded];
    }

    // A packed input of 3 * n * n or n * n values takes square pictures.
    static (int Height, int Width) Extents(InputGeometry input, (int Height, int Width) first)
    {
        if (input.Rank != 1) return (input.Height, input.Width);
        var plane = input.ItemShape[0] / PackedChannels(input);
        var side = (int)Math.Round(Math.Sqrt(plane));
        return plane > 0 && side * side == plane ? (side, side) : first;
    }

    /// <summary>Channels of a packed input: 3 where that makes a square of it, which a single channel then cannot.</summary>
    internal static int PackedChannels(InputGeometry input)
    {
        var plane = input.ItemShape[0] / 3;
        var side = (int)Math.Round(Math.Sqrt(plane));
        return input.ItemShape[0] % 3 == 0 && plane > 0 && side * side == plane ? 3 : 1;
    }

    static ImageResize Square(int edge, int crop) => new() { ShortestEdge = edge, CropHeight = crop, CropWidth = crop };
}
