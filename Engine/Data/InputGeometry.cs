using OnnxEdit.Engine.Data.Pixels;

namespace OnnxEdit.Engine.Data;

/// <summary>What one item of a model's input looks like: its extents, where its channels stand, its element type.</summary>
public sealed record InputGeometry
{
    /// <summary>Extents without the batch axis, -1 where the model leaves one open, e.g. [3,32,32], [28,28] or [784].</summary>
    public required IReadOnlyList<int> ItemShape { get; init; }

    /// <summary>Where the channel axis stands; meaningful for three axes.</summary>
    public PixelLayout Layout { get; init; }

    /// <summary>Whether the model takes 8-bit pixels and normalises them itself; it is then given 0..255 without any scaling.</summary>
    public bool IsUInt8 { get; init; }

    /// <summary>Name of the model's input, under which an .npz file may hold it.</summary>
    public string? Name { get; init; }

    /// <summary>Number of axes without the batch axis.</summary>
    public int Rank => ItemShape.Count;

    /// <summary>Number of channels; 1 for two axes, -1 when open or not an image.</summary>
    public int Channels => Rank switch { 3 => ItemShape[Layout == PixelLayout.Nchw ? 0 : 2], 2 => 1, _ => -1 };

    /// <summary>Height in pixels; -1 when open or not an image.</summary>
    public int Height => Rank switch { 3 => ItemShape[Layout == PixelLayout.Nchw ? 1 : 0], 2 => ItemShape[0], _ => -1 };

    /// <summary>Width in pixels; -1 when open or not an image.</summary>
    public int Width => Rank switch { 3 => ItemShape[Layout == PixelLayout.Nchw ? 2 : 1], 2 => ItemShape[1], _ => -1 };

    /// <summary>
    /// The geometry of an input of the given extents (without the batch axis, -1 or 0 for open ones). The layout is
    /// channels-last only when the last axis is likelier to count channels than the first: 1 or 3 before 4 before any other.
    /// </summary>
    public static InputGeometry FromShape(IReadOnlyList<int> itemShape, bool isUInt8 = false, string? name = null) => new()
    {
        ItemShape = [.. itemShape.Select(extent => extent > 0 ? extent : -1)],
        Layout = itemShape.Count == 3 && IsChannelsLast(itemShape[0], itemShape[2]) ? PixelLayout.Nhwc : PixelLayout.Nchw,
        IsUInt8 = isUInt8,
        Name = name,
    };

    static bool IsChannelsLast(int first, int last) => last is 1 or 3 ? first is not (1 or 3) : last == 4 && first is not (1 or 3 or 4);
}
