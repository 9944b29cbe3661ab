namespace OnnxEdit.Engine.Attribution;

/// <summary>
/// How well attributions predict: for every example the correlation (Pearson) over fresh random masks between its answers and
/// the sums of its scores, then the mean over the examples (Shah et al., 2024, section 4).
/// </summary>
public sealed record AttributionEvaluation
{
    /// <summary>Share of components that the masks ablate.</summary>
    public required double Alpha { get; init; }

    /// <summary>Number of masks.</summary>
    public required int Masks { get; init; }

    /// <summary>The correlation of each example; NaN where its answer never changed.</summary>
    public required IReadOnlyList<double> Correlations { get; init; }

    /// <summary>Mean answers and mean predictions of tenths of all (example, mask) pairs, sorted by prediction, both less the example's mean.</summary>
    public required IReadOnlyList<(double Predicted, double Actual)> Calibration { get; init; }

    /// <summary>Slope of answers on predictions over all pairs, 1 where scores are of the right size.</summary>
    public required double Slope { get; init; }

    /// <summary>Mean of the correlations.</summary>
    public double Mean => Known.Average();

    /// <summary>Standard error of <see cref="Mean"/> over the examples.</summary>
    public double StandardError
    {
        get
        {
            var mean = Mean;
            return Math.Sqrt(Known.Sum(c => (c - mean) * (c - mean)) / Math.Max(1, Known.Count() - 1) / Known.Count());
        }
    }

    IEnumerable<double> Known => Correlations.Where(c => !double.IsNaN(c)).DefaultIfEmpty(double.NaN);

    /// <summary>Compares predictions with answers.</summary>
    /// <param name="alpha">Share of components ablated.</param>
    /// <param name="predicted">Predictions, [masks][examples].</param>
    /// <param name="actual">Answers, [masks][examples].</param>
    internal static AttributionEvaluation Of(double alpha, IReadOnlyList<double[]> predicted, IReadOnlyList<float[]> actual)
    {
        var (masks, examples) = (actual.Count, actual[0].Length);
        var correlations = new double[examples];
        List<(double Predicted, double Actual)> pairs = [];
        var (both, own) = (0.0, 0.0);
        for (var e = 0; e < examples; e++)
        {
            double[] p = [.. predicted.Select(row => row[e])], a = [.. actual.Select(row => (double)row[e])];
            var (meanP, meanA) = (p.Average(), a.Average());
            double pp = 0, aa = 0, pa = 0;
            for (var k = 0; k < masks; k++)
            {
                var (x, y) = (p[k] - meanP, a[k] - meanA);
                (pp, aa, pa) = (pp + x * x, aa + y * y, pa + x * y);
                pairs.Add((x, y));
            }
            correlations[e] = pp > 0 && aa > 0 ? pa / Math.Sqrt(pp * aa) : aa > 0 ? 0 : double.NaN;
            (both, own) = (both + pa, own + pp);
        }
        pairs.Sort();
        return new AttributionEvaluation
        {
            Alpha = alpha,
            Masks = masks,
            Correlations = correlations,
            Slope = own > 0 ? both / own : 0,
            Calibration = [.. pairs.Chunk(Math.Max(1, (pairs.Count + 9) / 10)).Select(c => (c.Average(x => x.Predicted), c.Average(x => x.Actual)))],
        };
    }
}
