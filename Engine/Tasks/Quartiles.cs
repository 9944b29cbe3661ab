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
        return new Quartiles(Quantile.Of(sorted, 0.25), Quantile.Of(sorted, 0.5), Quantile.Of(sorted, 0.75));
    }
}
