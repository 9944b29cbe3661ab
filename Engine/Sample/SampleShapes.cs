namespace OnnxEdit.Engine.Sample;

/// <summary>The shapes of the sample as signed distances (negative inside), each filling about the unit disc.</summary>
static class SampleShapes
{
    /// <param name="label">Which shape, as <see cref="SampleImages.ClassNames"/> names them.</param>
    /// <param name="x">Across, in the shape's own coordinates.</param>
    /// <param name="y">Down.</param>
    /// <param name="period">Width of one light and one dark band of a texture.</param>
    /// <param name="isRound">Whether a texture fills a disc rather than a square.</param>
    internal static double Distance(int label, double x, double y, double period, bool isRound)
    {
        var radius = Math.Sqrt((x * x) + (y * y));
        var box = Math.Max(Math.Abs(x), Math.Abs(y));
        return label switch
        {
            0 => radius - 0.9,
            1 => Math.Abs(radius - 0.72) - 0.22,
            2 => box - 0.78,
            3 => Math.Abs(box - 0.64) - 0.19,
            4 => Polygon(x, y, 3) - 0.55,
            5 => Math.Min(Math.Max(Math.Abs(x) - 0.28, Math.Abs(y) - 0.95), Math.Max(Math.Abs(y) - 0.28, Math.Abs(x) - 0.95)),
            6 => Star(x, y, radius),
            7 => Math.Max(radius - 0.95, 0.75 - Math.Sqrt(((x - 0.5) * (x - 0.5)) + (y * y))),
            8 => Math.Max(Region(radius, box, isRound), Band(x, period)),
            _ => Math.Max(Region(radius, box, isRound), Checks(x, y, period)),
        };
    }

    static double Region(double radius, double box, bool isRound) => isRound ? radius - 1 : box - 0.85;

    /// <summary>Distance along the nearest of the polygon's normals.</summary>
    static double Polygon(double x, double y, int corners)
    {
        var distance = double.NegativeInfinity;
        for (var i = 0; i < corners; i++)
        {
            var (sine, cosine) = Math.SinCos(2 * Math.PI * i / corners);
            distance = Math.Max(distance, (x * cosine) + (y * sine));
        }

        return distance;
    }

    /// <summary>A star of five points whose radius falls from 1 at a point to 0.4 between two.</summary>
    static double Star(double x, double y, double radius)
    {
        var turn = Math.Atan2(y, x) * 5 / (2 * Math.PI);
        return 0.7 * (radius - 1 + (1.2 * Math.Abs(turn - Math.Round(turn))));
    }

    /// <summary>Negative on every other half period.</summary>
    static double Band(double x, double period)
    {
        var turn = x / period;
        return (Math.Abs(turn - Math.Round(turn)) - 0.25) * period;
    }

    static double Checks(double x, double y, double period)
    {
        var (across, down) = (Band(x, period * 1.3), Band(y, period * 1.3));
        return Math.Max(Math.Min(across, down), -Math.Max(across, down));
    }
}
