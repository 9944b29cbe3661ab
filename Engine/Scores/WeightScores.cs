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
            var (weights, _) = unit.Read();
            if (weights.GetLength(0) == producer.Ids.Length) average.Add(producer.Ids, Norms(weights, kind));
        }
        return average.Result();
    }

    // L1: sum |w|. L2: sqrt(sum w^2).
    static double[] Norms(float[,] weights, ChannelScoreKind kind)
    {
        var norms = new double[weights.GetLength(0)];
        for (var m = 0; m < norms.Length; m++)
        {
            var sum = 0.0;
            for (var k = 0; k < weights.GetLength(1); k++)
                sum += kind == ChannelScoreKind.L1 ? Math.Abs(weights[m, k]) : (double)weights[m, k] * weights[m, k];
            norms[m] = kind == ChannelScoreKind.L1 ? sum : Math.Sqrt(sum);
        }
        return norms;
    }
}
