namespace OnnxEdit.Kernels.Witness;

/// <summary>How well one channel separates one class from the rest; all numbers are total variations in [0, 1].</summary>
/// <param name="KolmogorovSmirnov">Largest KS distance over the pooled features, NaN without histograms.</param>
/// <param name="Minimax">Largest minimax bound of the quadratic witness over the pooled features.</param>
/// <param name="Certified">Lower bound that holds with the stated confidence; 0 if nothing can be said.</param>
readonly record struct ChannelScore(double KolmogorovSmirnov, double Minimax, double Certified)
{
    /// <summary>A class without images, or without any other class: NaN, and nothing certified.</summary>
    public static ChannelScore Unknown { get; } = new(double.NaN, double.NaN, 0);

    /// <summary>
    /// The point estimate max(KS, minimax bound). Estimated from a sample, so biased upwards for small classes.
    /// </summary>
    public double Point => double.IsNaN(KolmogorovSmirnov) ? Minimax
        : double.IsNaN(Minimax) ? KolmogorovSmirnov
        : Math.Max(KolmogorovSmirnov, Minimax);
}
