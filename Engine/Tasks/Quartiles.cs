namespace OnnxEdit.Engine.Tasks;

/// <summary>The middle of a sample and the range its middle half lies in.</summary>
/// <param name="Lower">A quarter of the values lie below.</param>
/// <param name="Median">Half of the values lie below.</param>
/// <param name="Upper">A quarter of the values lie above.</param>
public readonly record struct Quartiles(double Lower, double Median, double Upper)
{
    /// <summary>The quartiles of a sample, interpolated linearly between order statistics.</summary>
    public static Quartiles Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return new Quartiles(At(sorted, 0.25), At(sorted, 0.5), At(sorted, 0.75));
    }

    static double At(double[] sorted, double fraction)
    {
        if (sorted.Length == 0) return double.NaN;
        var position = fraction * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
