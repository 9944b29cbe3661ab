namespace OnnxEdit.Kernels.Witness;

/// <summary>Scores of all channels of a layer for all classes.</summary>
sealed class ScoreTable
{
    readonly ChannelScore[] _scores;

    internal ScoreTable(int channels, int classes, ChannelScore[] scores) =>
        (Channels, Classes, _scores) = (channels, classes, scores);

    /// <summary>C.</summary>
    public int Channels { get; }

    /// <summary>K.</summary>
    public int Classes { get; }

    /// <summary>The score of one channel for one class against all others.</summary>
    public ChannelScore this[int channel, int @class] => _scores[channel * Classes + @class];

    /// <summary>One point score per channel; classes without images are left out.</summary>
    public double[] Point(ClassAggregation aggregation = ClassAggregation.Max) => Aggregate(aggregation, score => score.Point);

    /// <summary>One certified score per channel; classes without images are left out.</summary>
    public double[] Certified(ClassAggregation aggregation = ClassAggregation.Max) => Aggregate(aggregation, score => score.Certified);

    /// <summary>Aggregates the scores of one channel over classes; NaN entries are left out, 0 if none is left.</summary>
    public static double Aggregate(ReadOnlySpan<double> classScores, ClassAggregation aggregation)
    {
        double max = 0, min = double.PositiveInfinity, sum = 0;
        var known = 0;
        foreach (var score in classScores)
        {
            if (double.IsNaN(score))
                continue;
            known++;
            sum += score;
            max = Math.Max(max, score);
            min = Math.Min(min, score);
        }
        if (known == 0)
            return 0;
        return aggregation switch
        {
            ClassAggregation.Max => max,
            ClassAggregation.Min => min,
            ClassAggregation.Mean => sum / known,
            _ => throw new ArgumentOutOfRangeException(nameof(aggregation), aggregation, "Unknown aggregation."),
        };
    }

    double[] Aggregate(ClassAggregation aggregation, Func<ChannelScore, double> value)
    {
        var aggregated = new double[Channels];
        var row = new double[Classes];
        for (var c = 0; c < Channels; c++)
        {
            for (var k = 0; k < Classes; k++)
                row[k] = double.IsNaN(this[c, k].Point) ? double.NaN : value(this[c, k]);
            aggregated[c] = Aggregate(row, aggregation);
        }
        return aggregated;
    }
}
