using OnnxEdit.Surgery.Graph;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class UnroundedGraphTests
{
    [Fact]
    public void Pairs_limit_what_passes_to_the_range_of_their_integers_and_round_nothing()
    {
        const float Scale = 0.004f;
        var b = new GraphBuilder(1);
        var model = b.Build(b.Dequantize(b.Quantize(b.Input("x", 50), Scale), Scale));

        var values = ModelRunner.Run(UnroundedGraph.Of(model))[0].Values;
        var rounded = ModelRunner.Run(model)[0].Values;

        // Zero point 120 of uint8.
        Assert.Equal(-120 * Scale, values.Min());
        Assert.Equal(135 * Scale, values.Max());
        Assert.All(values.Zip(rounded), p => Assert.InRange(p.First - p.Second, -Scale / 2 - 1e-6, Scale / 2 + 1e-6));
        Assert.True(values.Distinct().Count() > 20);
        Assert.Contains(values.Zip(rounded), p => p.First != p.Second);
    }

    [Fact]
    public void A_graph_without_pairs_is_itself()
    {
        var b = new GraphBuilder(1);
        var model = b.Build(b.Relu(b.Input("x", 4)));
        Assert.Same(model, UnroundedGraph.Of(model));
    }
}
