using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class MovementRuleTests
{
    [Fact]
    public void Concatenated_channels_keep_their_places()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var all = b.Concat(1, b.Conv(x, 2, name: "c1"), b.Conv(x, 3, name: "c2"));
        var s = new Specimen(b.Build(b.Conv(all, 2, name: "last")));
        Assert.Equal([.. s.Cells("c1"), .. s.Cells("c2")], s.Cells(all));
        Assert.Equal([2, 3, 3, 3], Specimen.Dims(s.Remove(all, 0, 4), "last.weight"));
    }

    [Fact]
    public void The_image_in_a_concatenation_stays()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var all = b.Concat(1, b.Conv(x, 2, pads: 1, name: "c1"), x);
        var s = new Specimen(b.Build(b.Conv(all, 2, name: "last")));
        Assert.Equal([-1, -1, -1], s.Cells(all)[2..]);
        Assert.Equal([2, 4, 3, 3], Specimen.Dims(s.Remove(all, 1), "last.weight"));
    }

    [Fact]
    public void Concatenation_along_space_ties_the_channels()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var s = new Specimen(b.Build(b.Conv(b.Concat(2, b.Conv(x, 4, name: "c1"), b.Conv(x, 4, name: "c2")), 2)));
        Assert.Equal(s.Cells("c1"), s.Cells("c2"));
        s.Remove("c2", 3);
    }

    [Fact]
    public void A_slice_of_the_channels_gets_new_bounds()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var s = new Specimen(b.Build(b.Conv(b.Slice(c, 1, 2, 5, name: "cut"), 2, name: "mid"), b.Conv(c, 2, name: "all")));
        Assert.Equal(s.Cells("c1")[2..5], s.Cells("cut"));
        var slim = s.Remove("c1", 0, 3);
        Assert.Equal([1], Specimen.Integers(slim, "cut", 1));
        Assert.Equal([3], Specimen.Integers(slim, "cut", 2));
        Assert.Equal([2, 2, 3, 3], Specimen.Dims(slim, "mid.weight"));
    }

    [Fact]
    public void Bounds_shared_by_two_slices_are_parted()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        string[] bounds = [b.Integers("from", 2), b.Integers("to", 4)];
        var channels = b.Op("Slice", [c, .. bounds, b.Integers("axis1", 1)], [1, 2, 4, 4], "channels");
        var rows = b.Op("Slice", [channels, .. bounds, b.Integers("axis2", 2)], [1, 2, 2, 4], "rows");
        var slim = new Specimen(b.Build(b.Conv(rows, 2, kernel: 1), b.Conv(c, 2))).Remove("c1", 0);
        Assert.Equal([1], Specimen.Integers(slim, "channels", 1));
        Assert.Equal([2], Specimen.Integers(slim, "rows", 1));
    }

    [Theory]
    [InlineData(-4, -1)]
    [InlineData(2, long.MaxValue)]
    [InlineData(-100, 3)]
    public void Bounds_counted_from_the_end_or_beyond_it_are_understood(long start, long end)
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var count = start == -4 ? 3 : start == 2 ? 4 : 3;
        var cut = b.Op("Slice", [c, b.Integers("s", start), b.Integers("e", end), b.Integers("a", -3)], [1, count, 4, 4], "cut");
        new Specimen(b.Build(b.Conv(cut, 2), b.Conv(c, 2))).Remove("c1", 1, 2);
    }

    [Fact]
    public void Slices_and_splits_of_old_opsets_keep_their_bounds_in_attributes()
    {
        var b = new GraphBuilder(1, opset: 9);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        var cut = b.Op("Slice", [c], [1, 3, 4, 4], "cut", n =>
        {
            n.Set("starts", [1]);
            n.Set("ends", [4]);
            n.Set("axes", [1]);
        });
        var slim = new Specimen(b.Build(b.Conv(cut, 2), b.Conv(c, 2))).Remove("c1", 2);
        Assert.Equal([1], Specimen.Node(slim, "cut").Ints("starts")!);
        Assert.Equal([3], Specimen.Node(slim, "cut").Ints("ends")!);
    }

    [Theory]
    [InlineData(11, "split")]
    [InlineData(11, "")]
    [InlineData(13, "input")]
    [InlineData(13, "")]
    [InlineData(18, "input")]
    [InlineData(18, "num_outputs")]
    public void The_parts_of_a_split_shrink_each_by_its_own_channels(int opset, string form)
    {
        var b = new GraphBuilder(1, opset);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, name: "c1");
        string[] inputs = form == "input" ? [c, b.Integers("sizes", 3, 3)] : [c];
        var model = Split(b, inputs, form);
        var s = new Specimen(model);
        Assert.Equal(s.Cells("c1")[3..], s.Cells("part1"));
        var slim = s.Remove("c1", 0, 1, 5);
        Assert.Equal(1, Specimen.Dims(slim, "p0.weight")[1]);
        Assert.Equal(2, Specimen.Dims(slim, "p1.weight")[1]);
    }

    static Surgery.Proto.ModelProto Split(GraphBuilder b, string[] inputs, string form)
    {
        // The builder names one output per node, so the second is declared by hand.
        var part0 = b.Op("Split", inputs, [1, 3, 4, 4], "part0", n =>
        {
            n.Output.Add("part1");
            n.Set("axis", 1);
            if (form == "split") n.Set("split", 3, 3);
            if (form == "num_outputs") n.Set("num_outputs", 2);
        });
        var p0 = b.Conv(part0, 2, name: "p0");
        var p1 = b.Conv(part0, 2, name: "p1");
        var model = b.Build(p0, p1);
        Specimen.Node(model, "p1").Input[0] = "part1";
        return model;
    }

    [Fact]
    public void The_zero_channels_of_an_option_A_shortcut_can_be_removed_with_what_they_meet()
    {
        var b = new GraphBuilder(1);
        var a = b.Relu(b.Conv(b.Input("x", 3, 8, 8), 4, pads: 1, name: "stem"));
        var main = b.Conv(b.Conv(a, 6, pads: 1, stride: 2, name: "m1"), 8, pads: 1, name: "m2");
        var shortcut = b.Pad(b.Slice(b.Slice(a, 2, 0, 8, 2), 3, 0, 8, 2), 1, 2, 2, "zeros");
        var s = new Specimen(b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(b.Add(main, shortcut, "sum"))), 3)));
        Assert.Equal(s.Cells("stem"), s.Cells("sum")[2..6]);
        Assert.Equal(8, s.Free("sum"));
        var slim = s.Remove("sum", 0, 3, 7);
        Assert.Equal([0, 1, 0, 0, 0, 1, 0, 0], Specimen.Integers(slim, "zeros", 1));
        Assert.Equal([3, 3, 3, 3], Specimen.Dims(slim, "stem.weight"));
        Assert.Equal([5, 6, 3, 3], Specimen.Dims(slim, "m2.weight"));
    }

    [Fact]
    public void Pads_of_old_opsets_are_attributes()
    {
        var b = new GraphBuilder(1, opset: 10);
        var a = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var padded = b.Op("Pad", [a], [1, 6, 6, 6], "pad", n => n.Set("pads", 0, 0, 1, 1, 0, 2, 1, 1));
        var slim = new Specimen(b.Build(b.Conv(padded, 2))).Remove("pad", 1, 5);
        Assert.Equal([0, 0, 1, 1, 0, 1, 1, 1], Specimen.Node(slim, "pad").Ints("pads")!);
    }

    [Fact]
    public void Mirrored_channels_stay_and_mirrored_pixels_do_not_matter()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var pixels = b.Op("Pad", [c, b.Integers("p1", 0, 0, 1, 1, 0, 0, 1, 1)], [1, 4, 6, 6], "pixels", n => n.Set("mode", "reflect"));
        var d = b.Conv(pixels, 4, name: "c2");
        var channels = b.Op("Pad", [d, b.Integers("p2", 0, 1, 0, 0, 0, 1, 0, 0)], [1, 6, 4, 4], "channels", n => n.Set("mode", "reflect"));
        var s = new Specimen(b.Build(b.Conv(channels, 2)));
        Assert.Equal("Pad 'channels': crops or mirrors channels", s.Lock("c2"));
        s.Remove("c1", 2);
    }

    [Fact]
    public void Gathered_channels_are_renumbered()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var shuffled = b.Gather(c, 1, 2, 0, -1, 1);
        var s = new Specimen(b.Build(b.Conv(shuffled, 2, name: "last")));
        Assert.Equal([2, 0, 3, 1], s.Cells(shuffled).Select(i => Array.IndexOf(s.Cells("c1"), i)));
        Assert.Equal([1, 0, 2], Specimen.Integers(s.Remove("c1", 1), shuffled, 1));
    }

    [Fact]
    public void A_channel_shuffle_ties_the_channels_that_share_a_place_in_their_group()
    {
        var b = new GraphBuilder(1);
        var shuffled = b.ChannelShuffle(b.Conv(b.Input("x", 3, 6, 6), 8, name: "c1"), 2);
        var s = new Specimen(b.Build(b.Conv(shuffled, 4, group: 2, name: "last")));
        Assert.Equal(4, Specimen.Dims(s.Remove("c1", 0), "c1.weight")[0]);
    }

    [Theory]
    [InlineData("DCR")]
    [InlineData("CRD")]
    public void Channels_that_become_blocks_of_pixels_go_together(string mode)
    {
        var b = new GraphBuilder(1);
        var d = b.DepthToSpace(b.Conv(b.Input("x", 3, 4, 4), 12, kernel: 1, name: "c1"), 2, mode, "d2s");
        var s = new Specimen(b.Build(b.Conv(d, 2, name: "last")));
        Assert.Equal(3, s.Free("c1"));
        Assert.Equal([2, 2, 3, 3], Specimen.Dims(s.Remove("d2s", 1), "last.weight"));
    }

    // One pixel becomes two rows of two, each of channels of its own, as it seems.
    [Theory]
    [InlineData("DCR", 4, 0)]
    [InlineData("CRD", 4, 0)]
    [InlineData("CRD", 8, 2)]
    public void Blocks_stay_whole_on_maps_of_one_pixel(string mode, int channels, int free)
    {
        var b = new GraphBuilder(1);
        var c1 = b.Conv(b.GlobalAveragePool(b.Input("x", 3, 4, 4)), 8, kernel: 1, name: "c1");
        var s = new Specimen(b.Build(b.Gemm(b.Flatten(b.DepthToSpace(b.Conv(c1, channels, kernel: 1, name: "c2"), 2, mode, "d2s")), 3, name: "last")));
        Assert.Equal(free, s.Free("c2"));
        if (free > 0) Assert.Equal(4, Specimen.Dims(s.Remove("d2s", 1), "c2.weight")[0]);
    }

    [Fact]
    public void Transposes_carry_the_channel_axis()
    {
        var b = new GraphBuilder(1);
        var c = b.Transpose(b.Conv(b.Input("x", 3, 4, 5), 6, kernel: 1, name: "c1"), 0, 2, 3, 1);
        var s = new Specimen(b.Build(b.MatMul(c, 2)));
        Assert.Equal(3, s.Axis(c));
        s.Remove("c1", 5);
    }

    [Fact]
    public void A_slice_to_one_channel_still_knows_its_axis()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 3, name: "c1");
        var one = b.Slice(c, 1, 1, 2, name: "one");
        var s = new Specimen(b.Build(b.Conv(one, 2, name: "last"), b.Conv(c, 2)));
        Assert.Equal(1, s.Axis("one"));
        s.Remove("c1", 0);
    }

    [Theory]
    [InlineData("initializer")]
    [InlineData("Expand")]
    [InlineData("ConstantOfShape")]
    public void A_class_token_is_cut_with_the_tokens_it_stands_before(string form)
    {
        var b = new GraphBuilder(1) { Batch = form == "initializer" ? 1 : null };
        var x = b.Input("x", 4, 5);
        var tokens = b.MatMul(x, 6, "m1");
        var token = b.Weight("token", [1, 1, 6]);
        var n = b.Gather(b.Op("Shape", [x], [3], "shape"), 0, 0);
        var batch = b.Concat(0, n, b.Integers("rest", 1, 6));
        var row = form switch
        {
            "Expand" => b.Op("Expand", [token, batch], [1, 1, 6], "row"),
            "ConstantOfShape" => b.Add(b.Op("ConstantOfShape", [batch], [1, 1, 6], "zeros"), token, "row"),
            _ => token,
        };
        var all = b.Add(b.Concat(1, row, tokens), b.Weight("places", [5, 6]), "all");
        var s = new Specimen(b.Build(b.MatMul(b.Relu(all), 3, "m2")));
        Assert.Equal(2, s.Axis("all"));
        Assert.Equal(6, s.Free("m1"));
        var slim = s.Remove("m1", 1, 4);
        // The token itself may have become a constant of another name.
        Assert.DoesNotContain(slim.Graph.Initializer, t => t.Dims.LastOrDefault() == 6);
        Assert.Equal([5, 4], Specimen.Dims(slim, "places"));
        Assert.Equal([4, 3], Specimen.Dims(slim, "m2.weight"));
    }
}
