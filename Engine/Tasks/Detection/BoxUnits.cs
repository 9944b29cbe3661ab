using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>Boxes are counted in pixels of the input by most models and in shares of its size by some.</summary>
static class BoxUnits
{
    // Where no coordinate of a picture is above it, none counts pixels: no object is that small, and no grid.
    const double LargestShare = 2;

    /// <summary>What coordinates are multiplied with to be pixels.</summary>
    /// <param name="largest">The largest absolute coordinate of the picture.</param>
    /// <param name="size">Its size.</param>
    public static (double X, double Y) Factors(double largest, InputSize size) => largest is > 0 and <= LargestShare ? (size.Width, size.Height) : (1, 1);

    /// <summary>The same boxes in pixels.</summary>
    public static void ToPixels(List<DetectedBox> boxes, InputSize size)
    {
        var largest = boxes.Count == 0 ? 0 : boxes.Max(b => Math.Max(Math.Max(Math.Abs(b.Box.Left), Math.Abs(b.Box.Top)), Math.Max(Math.Abs(b.Box.Right), Math.Abs(b.Box.Bottom))));
        var (x, y) = Factors(largest, size);
        if (x == 1) return;
        for (var i = 0; i < boxes.Count; i++)
            boxes[i] = boxes[i] with { Box = new Box(boxes[i].Box.Left * x, boxes[i].Box.Top * y, boxes[i].Box.Right * x, boxes[i].Box.Bottom * y) };
    }
}
