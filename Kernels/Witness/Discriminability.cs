using OnnxEdit.Kernels.Moments;

namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// How well each channel of a layer tells each class from all others: lower bounds on the total variation
/// between the class-conditional distributions of its pooled features (DisCEdit), the larger of the
/// Kolmogorov-Smirnov distance and the minimax bound of (x, x^2), plus what a confidence level allows to claim.
/// </summary>
/// <remarks>
/// Total variation of a pooled feature bounds that of the whole map from below, never from above: a low score
/// does not prove that a channel carries nothing.
/// </remarks>
static class Discriminability
{
    /// <summary>Scores every channel and class of a layer.</summary>
    /// <param name="features">The statistics of one or more pooled features of the layer.</param>
    /// <param name="delta">Failure probability of each certified score; shared by the features it is taken over.</param>
    /// <param name="simultaneousClaims">
    /// Number of certified scores that shall hold all at once (channels times classes); 1 for each on its own,
    /// which is enough for ranking.
    /// </param>
    /// <param name="threads">Threads to use; 0 means one per processor.</param>
    /// <exception cref="OnnxKernelException">No feature is given, or their shapes differ.</exception>
    public static ScoreTable Score(IReadOnlyList<FeatureStatistics> features, double delta = 0.05, int simultaneousClaims = 1, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(features);
        Probability.Require(delta);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(simultaneousClaims);
        if (features.Count == 0)
            throw new OnnxKernelException("A score needs the statistics of at least one pooled feature.");
        int channels = features[0].Moments.Channels, classes = features[0].Moments.Classes;
        if (features.Any(f => f.Moments.Channels != channels || f.Moments.Classes != classes))
            throw new OnnxKernelException("The features of one layer must have the same classes and channels; score layers one by one.");
        var scores = new ChannelScore[channels * classes];
        // One failure probability is split over everything that may be the largest.
        var each = delta / simultaneousClaims / features.Count;
        Parallel.For(0, channels, new ParallelOptions { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads }, c =>
        {
            for (var k = 0; k < classes; k++)
                scores[c * classes + k] = ScoreOne(features, c, k, each);
        });
        return new ScoreTable(channels, classes, scores);
    }

    /// <summary>Point and certified score of one feature from its moments and KS distance.</summary>
    /// <param name="p">Moments of the class.</param>
    /// <param name="q">Moments of the rest.</param>
    /// <param name="kolmogorovSmirnov">KS distance of the two samples, or NaN if it was not measured.</param>
    /// <param name="delta">Failure probability of the certified score.</param>
    public static ChannelScore Score(in QuadraticMoments p, in QuadraticMoments q, double kolmogorovSmirnov, double delta)
    {
        if (p.Count <= 0 || q.Count <= 0)
            return ChannelScore.Unknown;
        var minimax = MinimaxBound.Solve(p, q, QuadraticMoments.RidgeFor(p, q)).Bound;
        return new ChannelScore(
            kolmogorovSmirnov, minimax,
            double.IsNaN(kolmogorovSmirnov) ? 0 : DkwBound.Lower(kolmogorovSmirnov, p.Count, q.Count, delta));
    }

    static ChannelScore ScoreOne(IReadOnlyList<FeatureStatistics> features, int channel, int @class, double delta)
    {
        var best = ChannelScore.Unknown;
        foreach (var feature in features)
        {
            var score = Score(
                feature.Moments.Of(channel, @class), feature.Moments.Complement(channel, @class),
                feature.Histograms?.KolmogorovSmirnov(channel, @class) ?? double.NaN, delta);
            best = new ChannelScore(
                Larger(best.KolmogorovSmirnov, score.KolmogorovSmirnov),
                Larger(best.Minimax, score.Minimax),
                Math.Max(best.Certified, score.Certified));
        }
        return best;
    }

    static double Larger(double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : Math.Max(a, b);
}
