using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Scores;

/// <summary>What scores from activations share; these are measured at the tensors that linear operators read.</summary>
static class PointScores
{
    /// <summary>The row of a score that is the mean over the points where a cell appears.</summary>
    /// <param name="name">The word that users type.</param>
    /// <param name="score">Scores of the channels of one point.</param>
    public static ScoreRow Row(string name, Func<PointStatistics, ClassAggregation, double[]> score) => new(name)
    {
        Needs = ScoreRow.Nothing with { Activations = true },
        Point = (point, aggregation) => Of(score, point, aggregation),
        Cells = (analysis, statistics, aggregation, _) => Mean(analysis, statistics!, point => Of(score, point, aggregation)),
    };

    static double[] Of(Func<PointStatistics, ClassAggregation, double[]> score, PointStatistics point, ClassAggregation aggregation) =>
        KernelBorder.Cross(ErrorKind.Data, $"The statistics at '{point.Id}' cannot be scored", () => score(point, aggregation));

    /// <summary>A score for every channel and class, and these as one for every channel.</summary>
    public static double[] PerChannel(ClassMoments shape, ClassAggregation aggregation, Func<int, int, double> score)
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

    /// <summary>The largest value that is a number; NaN where there is none.</summary>
    public static double Largest<T>(IReadOnlyList<T> items, Func<T, double> value)
    {
        var best = double.NaN;
        foreach (var item in items)
            if (value(item) is var v && !double.IsNaN(v) && !(best >= v)) best = v;
        return best;
    }

    /// <summary>That the statistics lack what a score is made of.</summary>
    public static OnnxEngineException Lacking(PointStatistics point, string what) =>
        new(ErrorKind.Data, $"The statistics at '{point.Id}' hold no {what}; collect them again for this score, or choose another.");

    static double[] Mean(ChannelAnalysis analysis, CalibrationStatistics statistics, Func<PointStatistics, double[]> score)
    {
        var average = new CellAverage(analysis.CellCount);
        foreach (var point in MeasurementPoint.All(analysis))
        {
            if (!statistics.Points.TryGetValue(point.Tensor, out var found)) continue;
            var scores = score(found);
            if (scores.Length != point.Channels.Ids.Length)
                throw new OnnxEngineException(ErrorKind.Data, $"The statistics at '{point.Id}' have {scores.Length} channels and the model {point.Channels.Ids.Length}; they belong to another model.");
            average.Add(point.Channels.Ids, scores);
        }
        return average.Result();
    }
}
