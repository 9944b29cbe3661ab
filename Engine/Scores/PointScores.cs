using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Sketches;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Scores;

/// <summary>Scores from activations, measured at the tensors that linear operators read.</summary>
static class PointScores
{
    /// <summary>Mean over the points where a cell appears.</summary>
    /// <exception cref="OnnxEngineException">The statistics lack what the score is made of.</exception>
    public static double[] Compute(ChannelAnalysis analysis, ChannelScoreKind kind, ClassAggregation aggregation, CalibrationStatistics statistics)
    {
        var average = new CellAverage(analysis.CellCount);
        foreach (var point in MeasurementPoint.All(analysis))
        {
            if (!statistics.Points.TryGetValue(point.Tensor, out var found)) continue;
            var scores = Score(found, kind, aggregation);
            if (scores.Length != point.Channels.Ids.Length)
                throw new OnnxEngineException(ErrorKind.Data, $"The statistics at '{point.Id}' have {scores.Length} channels and the model {point.Channels.Ids.Length}; they belong to another model.");
            average.Add(point.Channels.Ids, scores);
        }
        return average.Result();
    }

    /// <summary>Scores of the channels of one point.</summary>
    public static double[] Score(PointStatistics point, ChannelScoreKind kind, ClassAggregation aggregation) => kind switch
    {
        ChannelScoreKind.Chip => point.Independence ?? throw Lacking(point, "channel independence (CHIP)"),
        ChannelScoreKind.TvsPrune => point.MapDistance ?? MeanDistance(point),
        ChannelScoreKind.Tv => Discriminability.Score(point.Features, threads: ExecutionOptions.Current.Threads).Point(aggregation),
        ChannelScoreKind.Ks => Kolmogorov(point, aggregation),
        ChannelScoreKind.Mpm => Witness(point, aggregation, (in p, in q) => MinimaxBound.Solve(p, q, QuadraticMoments.RidgeFor(p, q)).Bound),
        ChannelScoreKind.Fisher => Witness(point, aggregation, (in p, in q) =>
            FisherBound.FromDiscriminant(FisherBound.Discriminant(p, q, QuadraticMoments.RidgeFor(p, q)))),
        ChannelScoreKind.MpmRobust => Witness(point, aggregation, Robust),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a score of activations."),
    };

    // Without mean maps: those averaged over positions, which the moments know.
    static double[] MeanDistance(PointStatistics point)
    {
        var moments = point.Features.FirstOrDefault(f => f.Feature == PooledFeature.Mean)?.Moments ?? throw Lacking(point, "class means");
        var classes = Enumerable.Range(0, moments.Classes).Where(k => moments.Counts[k] > 0).ToArray();
        if (classes.Length < 2) return new double[moments.Channels];
        var means = classes.SelectMany(k => Enumerable.Range(0, moments.Channels).Select(c => moments.MeanOf(c, k))).ToArray();
        return TvsPruneScore.Compute(means, classes.Length, moments.Channels);
    }

    static double[] Kolmogorov(PointStatistics point, ClassAggregation aggregation)
    {
        var histograms = point.Features.Select(f => f.Histograms).OfType<ClassHistograms>().ToArray();
        if (histograms.Length == 0) throw Lacking(point, "histograms (the model has too many classes)");
        return PerChannel(point.Features[0].Moments, aggregation, (c, k) => Largest(histograms, h => h.KolmogorovSmirnov(c, k)));
    }

    delegate double PairBound(in QuadraticMoments own, in QuadraticMoments rest);

    // The largest over the pooled features; all are lower bounds on the same total variation.
    static double[] Witness(PointStatistics point, ClassAggregation aggregation, PairBound bound) =>
        PerChannel(point.Features[0].Moments, aggregation, (c, k) => Largest(point.Features, f =>
        {
            var (own, rest) = (f.Moments.Of(c, k), f.Moments.Complement(c, k));
            return own.Count > 0 && rest.Count > 0 ? bound(own, rest) : double.NaN;
        }));

    static double[] PerChannel(ClassMoments shape, ClassAggregation aggregation, Func<int, int, double> score)
    {
        var result = new double[shape.Channels];
        ThreadedLoop.For(0, result.Length, c =>
        {
            var classes = new double[shape.Classes];
            for (var k = 0; k < classes.Length; k++) classes[k] = score(c, k);
            result[c] = ScoreTable.Aggregate(classes, aggregation);
        });
        return result;
    }

    static double Largest<T>(IReadOnlyList<T> items, Func<T, double> value)
    {
        var best = double.NaN;
        foreach (var item in items)
            if (value(item) is var v && !double.IsNaN(v) && !(best >= v)) best = v;
        return best;
    }

    // MPM with DisCEdit's radii: 5 % of each mean's length and of each covariance's Frobenius norm.
    static double Robust(in QuadraticMoments p, in QuadraticMoments q)
    {
        const double share = 0.05;
        var ridge = QuadraticMoments.RidgeFor(p, q);
        Span<double> delta = [p.Mean1 - q.Mean1, p.Mean2 - q.Mean2];
        Span<double> own = [p.Cov11 + ridge, p.Cov12, p.Cov12, p.Cov22 + ridge];
        Span<double> rest = [q.Cov11 + ridge, q.Cov12, q.Cov12, q.Cov22 + ridge];
        var radius = share * (Length(p.Mean1, p.Mean2) + Length(q.Mean1, q.Mean2));
        return RobustMinimaxBound.Solve(delta, own, rest, radius, share * Length(own), share * Length(rest)).Bound;
    }

    static double Length(params ReadOnlySpan<double> values)
    {
        var squares = 0.0;
        foreach (var v in values) squares += v * v;
        return Math.Sqrt(squares);
    }

    static OnnxEngineException Lacking(PointStatistics point, string what) =>
        new(ErrorKind.Data, $"The statistics at '{point.Id}' hold no {what}; collect them again for this score, or choose another.");
}
