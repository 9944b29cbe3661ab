using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class NormalisationRuleTests
{
    [Fact]
    public void Instance_normalisation_leaves_channels_free()
    {
        var b = new GraphBuilder(1);
        var n = b.InstanceNorm(b.Conv(b.Input("x", 3, 6, 6), 5, name: "c1"), "n");
        var slim = new Specimen(b.Build(b.Conv(b.Relu(n), 2))).Remove("c1", 1, 4);
        Assert.Equal([3], Specimen.Dims(slim, "n.scale"));
        Assert.Equal([3], Specimen.Dims(slim, "n.bias"));
    }

    [Theory]
    [InlineData(18, 3)]
    [InlineData(21, 6)]
    public void Whole_groups_of_a_group_normalisation_can_go(int opset, int scales)
    {
        var b = new GraphBuilder(1, opset);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var n = b.Op("GroupNormalization", [c, b.Weight("n.scale", [scales]), b.Weight("n.bias", [scales])], b.Shape(c), "n", a => a.Set("num_groups", 3));
        var s = new Specimen(b.Build(b.Conv(b.Relu(n), 2)));
        Assert.Equal([0, 0, 1, 1, 2, 2], s.Cells("c1"));
        var slim = s.Remove("c1", 2);
        Assert.Equal(2, Specimen.Node(slim, "n").Int("num_groups", 0));
        Assert.Equal([scales / 3 * 2], Specimen.Dims(slim, "n.scale"));
    }

    [Fact]
    public void A_group_normalisation_in_single_steps_loses_whole_groups()
    {
        // With more channels in a group than groups, too.
        foreach (var width in (int[])[6, 12])
        {
            var b = new GraphBuilder(1);
            var c = b.Conv(b.Input("x", 3, 6, 6), width, kernel: 1, name: "c1");
            var n = b.Reshape(b.InstanceNorm(b.Reshape(c, 0, 3, -1), "n"), 0, width, 6, 6);
            var y = b.Mul(n, b.Weight("gamma", [width, 1, 1]));
            var s = new Specimen(b.Build(b.Conv(y, 2)));
            var slim = s.Remove("c1", 2);
            Assert.Equal([2], Specimen.Dims(slim, "n.scale"));
            Assert.Equal([width / 3 * 2, 1, 1], Specimen.Dims(slim, "gamma"));
        }
    }

    [Fact]
    public void A_single_group_is_normalised_across()
    {
        var b = new GraphBuilder(1, 21);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var n = b.Op("GroupNormalization", [c, b.Weight("n.scale", [6]), b.Weight("n.bias", [6])], b.Shape(c), "n", a => a.Set("num_groups", 1));
        Assert.Equal("GroupNormalization 'n': normalises across the channel axis", new Specimen(b.Build(b.Conv(n, 2))).Lock("c1"));
    }

    [Fact]
    public void Layer_normalisation_locks_its_width_and_nothing_else()
    {
        var b = new GraphBuilder(1);
        var m = b.MatMul(b.Input("x", 4, 5), 6, "m1");
        var s = new Specimen(b.Build(b.MatMul(b.LayerNorm(m, "n"), 3, "m2")));
        Assert.Equal("LayerNormalization 'n': normalises across the channel axis", s.Lock("m1"));

        b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 5, name: "c1");
        new Specimen(b.Build(b.Conv(b.LayerNorm(c), 2))).Remove("c1", 1);
    }

    [Fact]
    public void A_local_response_normalisation_locks_by_name()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var n = b.Op("LRN", [c], b.Shape(c), "n", a => a.Set("size", 3));
        Assert.Equal("LRN 'n': normalises each channel by its neighbours", new Specimen(b.Build(b.Conv(n, 2))).Lock("c1"));
    }

    [Theory]
    [InlineData("MeanVarianceNormalization")]
    [InlineData("LpNormalization")]
    public void Normalisations_that_channels_of_zeros_leave_alone_lock_nothing(string op)
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var n = b.Op(op, [c], b.Shape(c), "n", a => { if (op[0] == 'L') a.Set("axis", 1); });
        var s = new Specimen(b.Build(b.Conv(n, 2)));
        Assert.Equal(6, s.Free("c1"));
        s.Remove("c1", 1, 2);
    }

    [Fact]
    public void Batch_normalisation_of_a_matrix_after_an_activation_is_cut()
    {
        var b = new GraphBuilder(1);
        var n = b.BatchNorm(b.Relu(b.Gemm(b.Input("x", 5), 6, name: "f1")), "n");
        var slim = new Specimen(b.Build(b.Gemm(n, 3))).Remove("f1", 1);
        Assert.Equal([5], Specimen.Dims(slim, "n.var"));
    }

    [Fact]
    public void A_slope_of_one_value_stays_and_one_per_channel_is_cut()
    {
        foreach (long[] dims in (long[][])[[1], [6, 1, 1], [1, 6, 1, 1]])
        {
            var b = new GraphBuilder(1);
            var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
            var p = b.Op("PRelu", [c, b.Weight("slope", dims)], b.Shape(c), "p");
            var slim = new Specimen(b.Build(b.Conv(p, 2))).Remove("c1", 1);
            Assert.Equal(dims.Select(d => d == 6 ? 5 : d), Specimen.Dims(slim, "slope"));
        }
    }
}
