namespace OnnxEdit.Engine.Data.Targets;

/// <summary>A rectangle in a picture, in pixels from its upper left corner; edges lie between pixels, so that right less left is the width.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Top edge.</param>
/// <param name="Right">Right edge.</param>
/// <param name="Bottom">Bottom edge.</param>
readonly record struct Box(double Left, double Top, double Right, double Bottom)
{
    /// <summary>Its area; 0 where an edge is on the wrong side of the other.</summary>
    public double Area => IsEmpty ? 0 : (Right - Left) * (Bottom - Top);

    /// <summary>Whether it holds nothing.</summary>
    public bool IsEmpty => !(Right > Left && Bottom > Top);

    /// <summary>The rectangle around a point.</summary>
    public static Box Around(double x, double y, double width, double height) => new(x - width / 2, y - height / 2, x + width / 2, y + height / 2);

    /// <summary>What both cover.</summary>
    public double Shared(Box other) => new Box(Math.Max(Left, other.Left), Math.Max(Top, other.Top), Math.Min(Right, other.Right), Math.Min(Bottom, other.Bottom)).Area;

    /// <summary>What both cover as a share of what either covers (intersection over union); 0 where neither covers anything.</summary>
    public double Overlap(Box other) => Shared(other) is > 0 and var shared ? shared / (Area + other.Area - shared) : 0;

    /// <summary>What of it lies in a picture of that size.</summary>
    public Box Cut(double width, double height) => new(Math.Clamp(Left, 0, width), Math.Clamp(Top, 0, height), Math.Clamp(Right, 0, width), Math.Clamp(Bottom, 0, height));
}
