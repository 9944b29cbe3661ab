using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class LinearRuleTests
{
    [Fact]
    public void A_convolution_ends_the_channels_it_reads_and_starts_new_ones()
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var c2 = b.Conv(b.Relu(c1), 5, name: "c2");
        var s = new Specimen(b.Build(b.Conv(c2, 2, kernel: 1, name: "c3")));
        Assert.Equal([0, 1, 2, 3], s.Cells("c1"));
        Assert.Equal([4, 5, 6, 7, 8], s.Cells("c2"));
        Assert.Equal(["c1", "c2", "c3"], s.Analysis.Groups.Select(g => g.Name));
        Assert.Equal(["c2"], s.Analysis.Groups[0].Consumers.Select(n => n.Name));
        var slim = s.Remove("c1", 1, 3);
        Assert.Equal([2, 3, 3, 3], Specimen.Dims(slim, "c1.weight"));
        Assert.Equal([2], Specimen.Dims(slim, "c1.bias"));
        Assert.Equal([5, 2, 3, 3], Specimen.Dims(slim, "c2.weight"));
    }

    [Fact]
    public void The_kept_weights_are_those_of_the_kept_channels()
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", 1, 4, 4), 3, kernel: 1, name: "c1");
        var model = b.Build(b.Conv(c1, 1, kernel: 1, name: "c2"));
        var slim = new Specimen(model).Remove("c1", 1);
        var before = TensorData.Floats(model.Graph.Initializer.Single(t => t.Name == "c2.weight"));
        Assert.Equal([before[0], before[2]], TensorData.Floats(slim.Graph.Initializer.Single(t => t.Name == "c2.weight")));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(2)]
    public void Convolutions_of_one_and_three_spatial_dimensions_are_cut_alike(int extent)
    {
        foreach (long[] spatial in (long[][])[[extent + 4], [extent, extent, extent]])
        {
            var b = new GraphBuilder(1);
            var c1 = b.Conv(b.Input("x", [2, .. spatial]), 4, kernel: 1, name: "c1");
            var slim = new Specimen(b.Build(b.Conv(c1, 2, kernel: 1, name: "c2"))).Remove("c1", 0);
            Assert.Equal(3, Specimen.Dims(slim, "c2.weight")[1]);
        }
    }

    [Fact]
    public void Groups_of_a_convolution_stay_equally_large()
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var g = b.Conv(c1, 4, group: 2, name: "g");
        var s = new Specimen(b.Build(b.Conv(g, 2, kernel: 1, name: "last")));
        Assert.Equal([0, 1, 2, 0, 1, 2], s.Cells("c1"));
        Assert.Equal([3, 4, 3, 4], s.Cells("g"));
        var slim = s.Remove("c1", 1);
        Assert.Equal([4, 2, 3, 3], Specimen.Dims(slim, "g.weight"));
        Assert.Equal(2, Specimen.Node(slim, "g").Int("group", 1));
        slim = s.Remove("g", 0);
        Assert.Equal([2, 3, 3, 3], Specimen.Dims(slim, "g.weight"));
        Assert.Equal([2, 2, 1, 1], Specimen.Dims(slim, "last.weight"));
    }

    [Fact]
    public void A_depthwise_convolution_goes_with_the_channels_it_reads()
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var d = b.Conv(b.Relu(c1), 4, group: 4, name: "d");
        var s = new Specimen(b.Build(b.Conv(d, 2, kernel: 1, name: "last")));
        Assert.Equal(s.Cells("c1"), s.Cells("d"));
        Assert.Equal(["c1", "d"], s.Analysis.Groups[0].Producers.Select(n => n.Name));
        var slim = s.Remove("d", 2);
        Assert.Equal([3, 1, 3, 3], Specimen.Dims(slim, "d.weight"));
        Assert.Equal(3, Specimen.Node(slim, "d").Int("group", 1));
        Assert.Equal([3, 3, 3, 3], Specimen.Dims(slim, "c1.weight"));
    }

    [Fact]
    public void A_depthwise_multiplier_ties_all_outputs_of_a_channel()
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", 3, 6, 6), 3, name: "c1");
        var d = b.Conv(c1, 6, group: 3, name: "d");
        var s = new Specimen(b.Build(b.Conv(d, 2, kernel: 1, name: "last")));
        Assert.Equal([0, 0, 1, 1, 2, 2], s.Cells("d"));
        var slim = s.Remove("d", 2);
        Assert.Equal([4, 1, 3, 3], Specimen.Dims(slim, "d.weight"));
        Assert.Equal(2, Specimen.Node(slim, "d").Int("group", 1));
    }

    [Fact]
    public void A_depthwise_convolution_of_the_image_stays_as_it_is()
    {
        var b = new GraphBuilder(1);
        var d = b.Conv(b.Input("x", 3, 6, 6), 3, group: 3, name: "d");
        var s = new Specimen(b.Build(b.Conv(d, 2, name: "last")));
        Assert.Equal("Conv 'd': reads channels that must stay", s.Lock("d"));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Gemm_is_cut_whichever_way_its_weights_lie(bool transB, bool bias)
    {
        var b = new GraphBuilder(1);
        var f1 = b.Gemm(b.Input("x", 5), 6, transB, bias, name: "f1");
        var s = new Specimen(b.Build(b.Gemm(b.Relu(f1), 3, transB, bias, name: "f2")));
        var slim = s.Remove("f1", 0, 4);
        Assert.Equal(transB ? [4, 5] : [5, 4], Specimen.Dims(slim, "f1.weight"));
        Assert.Equal(transB ? [3, 4] : [4, 3], Specimen.Dims(slim, "f2.weight"));
        if (bias) Assert.Equal([4], Specimen.Dims(slim, "f1.bias"));
    }

    [Fact]
    public void MatMul_and_the_Add_of_its_bias_are_cut_together()
    {
        var b = new GraphBuilder(1);
        var m1 = b.Add(b.MatMul(b.Input("x", 4, 5), 6, "m1"), b.Weight("b1", [6]), "a1");
        var s = new Specimen(b.Build(b.MatMul(b.Relu(m1), 3, "m2")));
        Assert.Equal(2, s.Axis("a1"));
        var slim = s.Remove("a1", 2);
        Assert.Equal([5, 5], Specimen.Dims(slim, "m1.weight"));
        Assert.Equal([5], Specimen.Dims(slim, "b1"));
        Assert.Equal([5, 3], Specimen.Dims(slim, "m2.weight"));
    }

    [Fact]
    public void A_product_of_two_activations_joins_what_it_contracts()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 4, 5);
        var q = b.MatMul(x, 6, "q");
        var k = b.Transpose(b.MatMul(x, 6, "k"), 0, 2, 1);
        var s = new Specimen(b.Build(b.MatMul(q, k)));
        Assert.Equal(s.Cells("q"), s.Cells("k"));
        var slim = s.Remove("q", 1, 4);
        Assert.Equal([5, 4], Specimen.Dims(slim, "k.weight"));
    }

    [Fact]
    public void A_product_with_an_activation_that_has_no_channels_locks_and_says_why()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 4, 6);
        var s = new Specimen(b.Build(b.MatMul(b.MatMul(x, 6, "q"), b.Transpose(x, 0, 2, 1))));
        Assert.Equal(0, s.Free("q"));
        Assert.Contains("both must come from linear operators with constant weights", s.Lock("q"), StringComparison.Ordinal);
    }
}
