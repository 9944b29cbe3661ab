using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>
/// Norms of the filters that make a channel (Li et al., "Pruning filters for efficient convnets", ICLR 2017), with a
/// following BatchNormalization folded in, so that folded and un-folded exports agree.
/// </summary>
static class WeightScores
{
    /// <summary>Mean over the producers of a cell; NaN where none has constant weights.</summary>
    public static double[] Compute(ChannelAnalysis analysis, ChannelScoreKind kind)
    {
        var average = new CellAverage(analysis.CellCount);
        foreach (var producer in analysis.Producers)
        {
            if (LinearUnit.Of(producer.Node, analysis.Model.Proto.Graph, analysis.Model.Index) is not { } unit) continue;
            var norms = kind == ChannelScoreKind.L1 ? unit.FilterSums(Math.Abs) : Array.ConvertAll(unit.FilterSums(w => w * w), Math.Sqrt);
            if (norms.Length == producer.Ids.Length) average.Add(producer.Ids, norms);
        }
        return average.Result();
    }
}
