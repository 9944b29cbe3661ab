using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class PickingRuleTests
{
    [Fact]
    public void Every_second_channel_is_picked_by_a_Gather_when_channels_go()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var s = new Specimen(b.Build(b.Conv(b.Slice(c, 1, 0, 6, 2, name: "slice"), 2, name: "last"), b.Conv(c, 2)));
        Assert.Equal(6, s.Free("c1"));
        var slim = s.Remove("c1", 1, 2);
        Assert.Equal([0L, 2L], TensorData.Integers(slim.Graph.Initializer.Single(t => t.Name == "slice_channels_kept")));
        Assert.Equal([2, 2, 3, 3], Specimen.Dims(slim, "last.weight"));
        ModelValidator.Check(slim);
    }

    [Fact]
    public void Reversed_channels_and_strided_pixels_in_one_Slice_are_kept_apart()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "c1");
        var r = b.Op("Slice", [c, b.Integers("starts", -1, 1), b.Integers("ends", -100, 6), b.Integers("axes", 1, 2), b.Integers("steps", -1, 2)], [1, 5, 3, 6], "r");
        var slim = new Specimen(b.Build(b.Conv(r, 2))).Remove("c1", 0, 3);
        Assert.Equal([2L, 1L, 0L], TensorData.Integers(slim.Graph.Initializer.Single(t => t.Name == "r_channels_kept")));
    }

    [Fact]
    public void A_channel_picked_twice_goes_from_both_places()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var s = new Specimen(b.Build(b.Conv(b.Gather(c, 1, 3, 0, 3, 1), 2, name: "last"), b.Conv(c, 2)));
        Assert.Equal([2, 2, 3, 3], Specimen.Dims(s.Remove("c1", 3), "last.weight"));
        Assert.Equal([2, 4, 3, 3], Specimen.Dims(s.Remove("c1", 2), "last.weight"));
    }

    [Fact]
    public void A_channel_picked_by_a_scalar_stays_and_the_others_are_free()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var one = b.Op("Gather", [c, Scalar(b, 2)], [1, 4, 4], "one", n => n.Set("axis", 1));
        var s = new Specimen(b.Build(b.Op("Sigmoid", [one], [1, 4, 4], "y"), b.Conv(c, 2)));
        Assert.Equal(3, s.Free("c1"));
        var slim = s.Remove("c1", 0);
        Assert.Equal(1, Specimen.Integers(slim, "one", 1)[0]);
    }

    [Fact]
    public void A_table_of_channels_shrinks_along_the_axis_they_come_out_on()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var table = b.Op("Gather", [c, Table(b, [3, 2], 0, 1, 2, 3, 4, 5)], [1, 3, 2, 4, 4], "table", n => n.Set("axis", 1));
        var s = new Specimen(b.Build(b.Conv(table, 2, kernel: 1, name: "last")));
        Assert.Equal([0, 0, 1, 1, 2, 2], s.Cells("c1"));
        var slim = s.Remove("c1", 2);
        Assert.Equal([2, 2, 1, 1, 1], Specimen.Dims(slim, "last.weight"));
        Assert.Equal([0, 1, 2, 3], Specimen.Integers(slim, "table", 1));
    }

    [Fact]
    public void Padding_chosen_axes_leaves_channels_free()
    {
        var b = new GraphBuilder(1, 18);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var p = b.Op("Pad", [c, b.Integers("pads", 1, 2, 1, 0), b.Floats("value", [], 0.5f), b.Integers("axes", 2, 1)], [1, 6, 6, 4], "p");
        var s = new Specimen(b.Build(b.Conv(p, 2, name: "last")));
        Assert.Equal([2, 5, 3, 3], Specimen.Dims(s.Remove("c1", 2), "last.weight"));
        Assert.Equal([1, 1, 1, 0], Specimen.Integers(s.Remove("p", 1), "p", 1));
    }

    static string Scalar(GraphBuilder b, long value) => b.Op("Squeeze", [b.Integers("index", value)], [], "scalar");

    static string Table(GraphBuilder b, long[] dims, params long[] values) => b.Op("Reshape", [b.Integers("flat", values), b.Integers("dims", dims)], dims, "indices");
}
