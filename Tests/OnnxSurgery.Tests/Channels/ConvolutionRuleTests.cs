using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class ConvolutionRuleTests
{
    [Fact]
    public void Transposed_convolutions_are_cut_along_their_own_weight_axes()
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", 3, 4, 4), 5, pads: 1, name: "c1");
        var t = b.ConvTranspose(b.Relu(c1), 4, name: "t");
        var s = new Specimen(b.Build(b.Conv(b.Relu(t), 2, name: "last")));
        var slim = s.Remove("c1", 0, 3);
        Assert.Equal([3, 4, 2, 2], Specimen.Dims(slim, "t.weight"));
        slim = s.Remove("t", 1);
        Assert.Equal([5, 3, 2, 2], Specimen.Dims(slim, "t.weight"));
        Assert.Equal([3], Specimen.Dims(slim, "t.bias"));
        Assert.Equal([2, 3, 3, 3], Specimen.Dims(slim, "last.weight"));
    }

    [Fact]
    public void Groups_of_a_transposed_convolution_stay_equally_large()
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", 3, 4, 4), 6, name: "c1");
        var t = b.ConvTranspose(c1, 4, group: 2, name: "t");
        var s = new Specimen(b.Build(b.Conv(t, 2, kernel: 1)));
        Assert.Equal([0, 1, 2, 0, 1, 2], s.Cells("c1"));
        Assert.Equal([3, 4, 3, 4], s.Cells("t"));
        Assert.Equal([4, 2, 2, 2], Specimen.Dims(s.Remove("c1", 1), "t.weight"));
        Assert.Equal([6, 1, 2, 2], Specimen.Dims(s.Remove("t", 1), "t.weight"));
    }

    [Fact]
    public void A_depthwise_transposed_convolution_goes_with_the_channels_it_reads()
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", 3, 4, 4), 4, name: "c1");
        var t = b.ConvTranspose(c1, 8, group: 4, name: "t");
        var s = new Specimen(b.Build(b.Conv(t, 2, kernel: 1)));
        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3], s.Cells("t"));
        var slim = s.Remove("t", 2);
        Assert.Equal([3, 2, 2, 2], Specimen.Dims(slim, "t.weight"));
        Assert.Equal(3, Specimen.Node(slim, "t").Int("group", 1));
    }

    [Fact]
    public void Many_small_groups_go_as_a_whole()
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", 3, 6, 6), 16, name: "c1");
        var g = b.Conv(b.Relu(c1), 16, group: 8, dilation: 2, pads: 2, name: "g");
        var s = new Specimen(b.Build(b.Conv(b.Relu(g), 2, kernel: 1, name: "last")));
        Assert.Equal(8, s.Free("g"));
        Assert.Equal(s.Cells("c1"), s.Cells("g"));
        var slim = s.Remove("g", 0, 6);
        Assert.Equal([12, 2, 3, 3], Specimen.Dims(slim, "g.weight"));
        Assert.Equal(6, Specimen.Node(slim, "g").Int("group", 1));
        Assert.Equal([2L, 2L], Specimen.Node(slim, "g").Ints("dilations")!);
    }

    [Fact]
    public void Small_groups_that_read_the_image_lose_channels_at_the_same_places()
    {
        var b = new GraphBuilder(1);
        var g = b.Conv(b.Input("x", 12, 6, 6), 24, group: 6, name: "g");
        var s = new Specimen(b.Build(b.Conv(g, 2, kernel: 1)));
        Assert.Equal(4, s.Free("g"));
        Assert.Equal([18, 2, 3, 3], Specimen.Dims(s.Remove("g", 1), "g.weight"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Transposed_convolutions_of_one_and_three_spatial_dimensions_are_cut_alike(int dimensions)
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.Input("x", [2, .. Enumerable.Repeat(3L, dimensions)]), 4, kernel: 1, name: "c1");
        var t = b.ConvTranspose(c1, 3, name: "t");
        var slim = new Specimen(b.Build(b.Conv(t, 2, kernel: 1))).Remove("c1", 0);
        Assert.Equal(3, Specimen.Dims(slim, "t.weight")[0]);
    }

    [Fact]
    public void A_fused_convolution_joins_what_it_adds()
    {
        var b = new GraphBuilder(1);
        var x = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var weight = b.Weight("f.weight", [4, 4, 1, 1], 4);
        var f = b.Microsoft("FusedConv", [x, weight, b.Weight("f.bias", [4]), x], b.Shape(x), "f", n => n.Set("activation", "Relu"));
        var s = new Specimen(b.Build(b.Conv(f, 2)));
        Assert.Equal(s.Cells("c1"), s.Cells("f"));
        Assert.Equal([3, 3, 1, 1], Specimen.Dims(s.Remove("f", 1), "f.weight"));
    }
}
