using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Costs that are kept up to date as cells go, against a count of the slim model.</summary>
static class CostCheck
{
    public static void AssertSame(ChannelAnalysis analysis, bool[] removed, ModelProto slim, string what, IReadOnlyDictionary<string, long[]>? shapes = null)
    {
        var cost = new RemovalCost(analysis);
        for (var c = 0; c < removed.Length; c++)
            if (removed[c]) cost.Remove(c);
        var counts = ModelCounts.Of(slim, ShapeTrace.Run(slim, shapes).Sizes);
        Assert.True(Math.Abs(counts.Parameters - cost.Parameters) < 1e-3, $"{what}: {counts.Parameters} parameters, not {cost.Parameters}");
        Assert.True(Math.Abs(counts.Macs - cost.Macs) < 1e-6 * (counts.Macs + 1), $"{what}: {counts.Macs} MACs, not {cost.Macs}");
    }
}
