using OnnxEdit.Engine.Linear;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Scores;

/// <summary>
/// Norms of the filters that make a channel (Li et al., "Pruning filters for efficient convnets", ICLR 2017), with a
/// following BatchNormalization folded in, so that folded and un-folded exports agree. Weights that are stored in another
/// form (quantised, transposed by a node, of a transposed convolution, an embedding) are taken as they are stored, times
/// their scales where these differ between channels.
/// </summary>
static class WeightScores
{
    /// <summary>Sum of absolute weights.</summary>
    public static ScoreRow L1 { get; } = new("l1") { Cells = (analysis, _, _, _) => Compute(analysis, Math.Abs, sum => sum) };

    /// <summary>Euclidean norm.</summary>
    public static ScoreRow L2 { get; } = new("l2") { Cells = (analysis, _, _, _) => Euclidean(analysis) };

    /// <summary>Euclidean norms.</summary>
    /// <returns>Mean over the producers of a cell; NaN where none has constant weights.</returns>
    public static double[] Euclidean(ChannelAnalysis analysis) => Compute(analysis, w => w * w, Math.Sqrt);

    static double[] Compute(ChannelAnalysis analysis, Func<double, double> term, Converter<double, double> norm)
    {
        var average = new CellAverage(analysis.CellCount);
        foreach (var producer in analysis.Producers)
        {
            var sums = LinearUnit.Of(producer.Node, analysis.Model.Proto.Graph, analysis.Model.Index) is { } unit
                ? unit.FilterSums(term)
                : StoredWeights.FilterSums(analysis, producer, term);
            var norms = Array.ConvertAll(sums, norm);
            if (norms.Length == producer.Ids.Length) average.Add(producer.Ids, norms);
        }
        return average.Result();
    }
}
