using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Surgery.Graph;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class EditSiteTests
{
    static (NormalisedModel Model, List<EditSite> Sites) Sites(GraphBuilder b, string logits)
    {
        var model = NormalisedModel.Create(b.Build(logits));
        return (model, EditSite.All(model, LastLayer.Of(model, logits)));
    }

    // Tokens [N, 36, 8], a normalisation, a hidden layer, mean over tokens, head.
    static (NormalisedModel Model, List<EditSite> Sites) Transformer(Func<GraphBuilder, string, string> norm)
    {
        var b = new GraphBuilder(4);
        var tokens = b.Transpose(b.Reshape(b.Conv(b.Input("x", 3, 6, 6), 8, pads: 1, name: "patch"), -1, 8, 36), 0, 2, 1);
        var hidden = b.Relu(b.Add(b.MatMul(norm(b, tokens), 12, name: "up"), b.Floats("up.bias", [12], new float[12]), "up_biased"));
        return Sites(b, b.Gemm(b.ReduceMean(b.Add(tokens, b.MatMul(hidden, 8, name: "down")), [1], keepdims: false), 3, name: "head"));
    }

    [Fact]
    public void Convolutions_with_their_normalisation_are_sites_and_the_head_is_none()
    {
        var b = new GraphBuilder(2);
        var x = b.Relu(b.BatchNorm(b.Conv(b.Input("x", 3, 6, 6), 4, pads: 1, name: "first"), "first_norm"));
        var (_, sites) = Sites(b, b.Gemm(b.Flatten(b.MaxPool(b.Conv(x, 5, name: "last"))), 3, name: "head"));
        Assert.Equal([("first", "first_norm", 1), ("last", "last", 1)], sites.Select(s => (s.Name, s.Output, s.ChannelAxis)));
    }

    [Fact]
    public void A_layer_that_no_logit_depends_on_is_none()
    {
        var b = new GraphBuilder(2);
        var x = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 4, pads: 1, name: "first"));
        _ = b.Conv(x, 2, name: "aside");
        var (_, sites) = Sites(b, b.Gemm(b.Flatten(b.GlobalAveragePool(x)), 3));
        Assert.Equal(["first"], sites.Select(s => s.Name));
    }

    [Fact]
    public void A_layer_normalisation_is_a_site_as_an_operator()
    {
        var (_, sites) = Transformer((b, tokens) => b.LayerNorm(tokens, "norm"));
        Assert.Equal(["patch", "norm", "up", "down"], sites.Select(s => s.Name));
        Assert.Equal([1, 2, 2, 2], sites.Select(s => s.ChannelAxis));
        Assert.Equal("up_biased", sites[2].Output);
    }

    [Fact]
    public void A_normalisation_written_out_as_scale_and_shift_is_one()
    {
        var (_, sites) = Transformer((b, tokens) => b.Add(b.Mul(tokens, b.Weight("scale", [8])), b.Weight("shift", [8]), "norm"));
        Assert.Equal(["patch", "norm", "up", "down"], sites.Select(s => s.Name));
    }

    [Theory]
    [InlineData("patch")]
    [InlineData("norm")]
    [InlineData("up")]
    public void Channels_set_to_zero_are_exactly_zero_and_the_others_as_before(string name)
    {
        var (model, sites) = Transformer((b, tokens) => b.LayerNorm(tokens, "norm"));
        var site = sites.Single(s => s.Name == name);
        float[] Values()
        {
            using var prefix = new PrefixRunner(model.Proto, ItemLayout.Of(model), SmallClassifier.Images(2), 2);
            prefix.Compute([site.Output], TestContext.Current.CancellationToken);
            var values = new float[2 * prefix.RowLength(site.Output)];
            prefix.Read(site.Output, 0, 2, values);
            return new ActivationArrangement(site.ChannelAxis).Arrange(values, ItemLayout.Stack(prefix.Shape(site.Output), 2), out var layout).ToArray()
                .Select((v, i) => layout.Layout == ActivationLayout.ChannelsFirst ? (v, i / layout.Positions % layout.Channels) : (v, i % layout.Channels))
                .OrderBy(p => p.Item2).Select(p => p.v).ToArray();
        }
        var before = Values();
        site.Zero([1, 3]);
        var after = Values();
        var each = before.Length / site.Channels(model.Trace);
        for (var i = 0; i < before.Length; i++)
            if (i / each is 1 or 3) Assert.Equal(0, after[i]);
            else Assert.Equal(before[i], after[i], 1e-5f);
    }
}
