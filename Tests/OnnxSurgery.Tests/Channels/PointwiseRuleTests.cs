using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class PointwiseRuleTests
{
    [Fact]
    public void BatchNormalization_loses_a_place_in_each_of_its_vectors()
    {
        var b = new GraphBuilder(1);
        var n = b.BatchNorm(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1"), "bn");
        var slim = new Specimen(b.Build(b.Conv(b.Relu(n), 2, name: "c2"))).Remove("bn", 3);
        foreach (var vector in (string[])["gamma", "beta", "mean", "var"]) Assert.Equal([3], Specimen.Dims(slim, $"bn.{vector}"));
    }

    [Fact]
    public void Constants_along_the_channels_are_cut_and_others_are_not()
    {
        var b = new GraphBuilder(1);
        var y = b.Conv(b.Input("x", 3, 6, 6), 4, kernel: 1, name: "c1");
        y = b.Mul(y, b.Weight("scale", [4, 1, 1]));
        y = b.Add(b.Weight("shift", [1, 4, 1, 1]), y);
        y = b.Mul(y, b.Weight("plane", [6, 6]));
        y = b.Add(y, b.Weight("full", [4, 6, 6]));
        y = b.Mul(y, b.Floats("half", [], 0.5f));
        y = b.PRelu(y, "prelu");
        var slim = new Specimen(b.Build(b.Conv(y, 2, name: "c2"))).Remove("c1", 1);
        Assert.Equal([3, 1, 1], Specimen.Dims(slim, "scale"));
        Assert.Equal([1, 3, 1, 1], Specimen.Dims(slim, "shift"));
        Assert.Equal([6, 6], Specimen.Dims(slim, "plane"));
        Assert.Equal([3, 6, 6], Specimen.Dims(slim, "full"));
        Assert.Equal([], Specimen.Dims(slim, "half"));
        Assert.Equal([3, 1, 1], Specimen.Dims(slim, "prelu.slope"));
    }

    [Fact]
    public void Constant_nodes_are_cut_like_initializers()
    {
        var b = new GraphBuilder(1);
        var y = b.Mul(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1"), b.Constant("scale", [4, 1, 1]));
        var slim = new Specimen(b.Build(b.Conv(y, 2, name: "c2"))).Remove("c1", 1);
        Assert.Equal([3, 1, 1], Specimen.Dims(slim, "scale"));
    }

    [Fact]
    public void A_residual_sum_ties_everything_that_is_ever_added_to_it()
    {
        var b = new GraphBuilder(1);
        var a = b.Conv(b.Input("x", 3, 6, 6), 4, pads: 1, name: "stem");
        var r1 = b.Add(a, b.Conv(b.Relu(b.Conv(a, 5, pads: 1, name: "in1")), 4, pads: 1, name: "out1"), "r1");
        var r2 = b.Add(r1, b.Conv(r1, 4, pads: 1, name: "out2"), "r2");
        var s = new Specimen(b.Build(b.Conv(r2, 2, name: "last")));
        Assert.Equal(s.Cells("stem"), s.Cells("r2"));
        Assert.Equal(["stem", "out1", "out2"], s.Analysis.Groups[0].Producers.Select(n => n.Name));
        Assert.Equal(["in1", "out2", "last"], s.Analysis.Groups[0].Consumers.Select(n => n.Name));
        var slim = s.Remove("r1", 0, 2);
        foreach (var made in (string[])["stem", "out1", "out2"]) Assert.Equal(2, Specimen.Dims(slim, $"{made}.weight")[0]);
    }

    [Fact]
    public void Squeeze_and_excite_scales_go_with_the_channels_they_scale()
    {
        var b = new GraphBuilder(1);
        var c = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1"));
        var gate = b.Unary("Sigmoid", b.Conv(b.Relu(b.Conv(b.GlobalAveragePool(c), 2, kernel: 1, name: "down")), 4, kernel: 1, name: "up"));
        var s = new Specimen(b.Build(b.Conv(b.Mul(c, gate), 2, name: "last")));
        Assert.Equal(s.Cells("c1"), s.Cells("up"));
        Assert.Equal([2, 3, 1, 1], Specimen.Dims(s.Remove("up", 3), "down.weight"));
    }

    [Fact]
    public void One_channel_broadcast_over_many_stays()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var attention = b.Conv(c, 1, kernel: 1, name: "map");
        var s = new Specimen(b.Build(b.Conv(b.Mul(c, attention, "scaled"), 2, name: "last")));
        Assert.Equal("Mul 'scaled': one channel is broadcast over many", s.Lock("map"));
        s.Remove("c1", 0);
    }

    [Fact]
    public void Channels_added_to_the_image_stay()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var s = new Specimen(b.Build(b.Conv(b.Add(x, b.Conv(x, 3, pads: 1, name: "c1"), "sum"), 2)));
        Assert.Equal("Add 'sum': meets 'x' (an input of the model), which keeps its channels", s.Lock("c1"));
    }

    [Fact]
    public void Channels_on_different_axes_that_meet_stay()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 4, 4), 4, kernel: 1, name: "c1");
        var s = new Specimen(b.Build(b.Conv(b.Add(c, b.Transpose(c, 0, 2, 1, 3), "sum"), 2)));
        Assert.Equal("Add 'sum': its inputs carry channels on different axes", s.Lock("c1"));
    }

    [Fact]
    public void Pools_and_means_over_space_keep_the_channels_apart()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 9, 9), 4, name: "c1");
        var p = b.AveragePool(b.MaxPool(c, 3, 1, 1), 2, 2);
        var kept = b.Flatten(b.ReduceMean(p, [2, -1], keepdims: true, name: "kept"));
        var dropped = b.ReduceMean(p, [-2, -1], keepdims: false, name: "dropped");
        var global = b.Flatten(b.GlobalAveragePool(p));
        var s = new Specimen(b.Build(b.Gemm(kept, 2), b.Gemm(dropped, 2), b.Gemm(global, 2)));
        Assert.Equal(1, s.Axis("dropped"));
        Assert.Equal(4, s.Free("dropped"));
        s.Remove("c1", 2);
    }

    [Fact]
    public void Means_with_axes_as_an_input_are_understood()
    {
        var b = new GraphBuilder(1, opset: 18);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var mean = b.Op("ReduceMean", [c, b.Integers("axes", 2, 3)], [1, 4], "mean", n => n.Set("keepdims", 0));
        new Specimen(b.Build(b.Gemm(mean, 2))).Remove("mean", 1);
    }

    [Fact]
    public void Softmax_locks_the_channels_only_along_their_own_axis()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var along = b.Conv(b.Softmax(c, -1), 4, kernel: 1, name: "c2");
        var s = new Specimen(b.Build(b.Conv(b.Softmax(along, 1, "across"), 2)));
        Assert.Equal(4, s.Free("c1"));
        Assert.Equal("Softmax 'across': normalises across the channel axis", s.Lock("c2"));
        s.Remove("c1", 0);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(2, false)]
    public void Before_opset_13_Softmax_normalises_all_axes_from_its_own_on(int channelsBefore, bool isFree)
    {
        var b = new GraphBuilder(1, opset: 11);
        var c = b.Transpose(b.Conv(b.Input("x", 3, 4, 4), 4, kernel: 1, name: "c1"), 0, 2, 1, 3);
        var s = new Specimen(b.Build(b.Conv(b.Transpose(b.Softmax(c, channelsBefore), 0, 2, 1, 3), 2)));
        Assert.Equal(isFree ? 4 : 0, s.Free("c1"));
    }
}
