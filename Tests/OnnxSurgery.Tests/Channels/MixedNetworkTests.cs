using System.Globalization;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Removal equals masking on random graphs of 5 to 300 nodes. ONNXEDIT_MIXED_NETWORKS sets how many (default 48).</summary>
public class MixedNetworkTests
{
    static int Count => int.TryParse(Environment.GetEnvironmentVariable("ONNXEDIT_MIXED_NETWORKS"), CultureInfo.InvariantCulture, out var n) ? n : 48;

    public static TheoryData<int> Blocks => [.. Enumerable.Range(0, 8)];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Removing_channels_of_mixed_graphs_equals_masking_them(int block)
    {
        for (var seed = block; seed < Count; seed += 8)
        {
            // Small graphs are many, since their failures are easy to read.
            var model = MixedNetwork.Draw(seed, seed % 6 == 5 ? 300 : 5 + 11 * (seed % 6));
            var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model));
            var original = ModelRunner.Run(model, seed);
            foreach (var share in (double[])[0.2, 0.7])
            {
                var removed = RandomRemoval.Draw(analysis, seed, share);
                var masked = ModelRunner.Run(MaskInsertion.Apply(analysis, removed), seed);
                var slim = ChannelRemoval.Apply(analysis, removed);
                ModelValidator.Check(slim);
                var what = $"seed {seed}, {model.Graph.Node.Count} nodes, {removed.Count(r => r)} of {removed.Length} cells";
                ModelRunner.AssertSame(masked, ModelRunner.Run(slim, seed), what);
                CostCheck.AssertSame(analysis, removed, slim, what);
                Assert.Equal(original.Select(o => (o.Name, string.Join(',', o.Shape))), masked.Select(o => (o.Name, string.Join(',', o.Shape))));
                Assert.Equal(model.Graph.Input, slim.Graph.Input);
                Assert.Equal(model.Graph.Output, slim.Graph.Output);
            }
        }
    }

    [Fact]
    public void Most_mixed_graphs_have_channels_to_remove()
    {
        var free = Enumerable.Range(0, 12).Count(seed =>
        {
            var analysis = ChannelAnalysis.Of(NormalisedModel.Create(MixedNetwork.Draw(seed, 40)));
            return Enumerable.Range(0, analysis.CellCount).Count(c => analysis.LockOf(c) is null) > 3;
        });
        Assert.True(free >= 9, $"only {free} of 12");
    }
}
