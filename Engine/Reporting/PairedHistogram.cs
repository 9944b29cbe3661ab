namespace OnnxEdit.Engine.Reporting;

/// <summary>Counts of two samples in the same equal bins.</summary>
/// <param name="Lower">Lower end of the first bin.</param>
/// <param name="Width">Width of a bin.</param>
/// <param name="Before">Count per bin of the first sample; null: there is only the second.</param>
/// <param name="After">Count per bin of the second sample.</param>
public sealed record PairedHistogram(double Lower, double Width, IReadOnlyList<int>? Before, IReadOnlyList<int> After)
{
    /// <summary>Counts values; both samples decide the range, and every value falls into a bin.</summary>
    /// <param name="before">The first sample, or null.</param>
    /// <param name="after">The second sample, not empty.</param>
    /// <param name="bins">Number of bins.</param>
    public static PairedHistogram Of(IReadOnlyList<double>? before, IReadOnlyList<double> after, int bins)
    {
        ArgumentNullException.ThrowIfNull(after);
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        var all = after.Concat(before ?? []);
        var (lower, upper) = (all.Min(), all.Max());
        // One value alone still has a bin of some width to stand in.
        var width = upper > lower ? (upper - lower) / bins : 1.0 / bins;
        return new PairedHistogram(lower, width, before is null ? null : Count(before), Count(after));

        int[] Count(IReadOnlyList<double> values)
        {
            var counts = new int[bins];
            foreach (var value in values) counts[Math.Clamp((int)((value - lower) / width), 0, bins - 1)]++;
            return counts;
        }
    }
}
