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
    /// <summary>Mean over the producers of a cell; NaN where none has constant weights.</summary>
    public static double[] Compute(ChannelAnalysis analysis, ChannelScoreKind kind)
    {
        var average = new CellAverage(analysis.CellCount);
        foreach (var producer in analysis.Producers)
        {
            var sums = LinearUnit.Of(producer.Node, analysis.Model.Proto.Graph, analysis.Model.Index) is { } unit
                ? unit.FilterSums(kind == ChannelScoreKind.L1 ? Math.Abs : w => w * w)
                : StoredWeights.FilterSums(analysis, producer, kind == ChannelScoreKind.L1 ? Math.Abs : w => w * w);
            var norms = kind == ChannelScoreKind.L1 ? sums : Array.ConvertAll(sums, Math.Sqrt);
            if (norms.Length == producer.Ids.Length) average.Add(producer.Ids, norms);
        }
        return average.Result();
    }
}
