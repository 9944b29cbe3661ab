using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class SamplingRuleTests
{
    [Fact]
    public void Resizing_by_scales_leaves_channels_free()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "c1");
        var r = b.Op("Resize", [c, "", b.Floats("scales", [4], 1, 1, 2, 2)], [1, 5, 12, 12], "r");
        Assert.Equal([2, 3, 3, 3], Specimen.Dims(new Specimen(b.Build(b.Conv(r, 2, name: "last"))).Remove("c1", 1, 3), "last.weight"));
    }

    [Fact]
    public void Resizing_to_sizes_is_told_the_new_channel_count()
    {
        var b = new GraphBuilder(1) { Batch = 1 };
        var c = b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "c1");
        var r = b.Op("Resize", [c, "", "", b.Integers("sizes", 1, 5, 12, 9)], [1, 5, 12, 9], "r", n => n.Set("mode", "linear"));
        Assert.Equal([1, 3, 12, 9], Specimen.Integers(new Specimen(b.Build(b.Conv(r, 2))).Remove("c1", 1, 3), "r", 3));
    }

    [Fact]
    public void Resizing_chosen_axes_leaves_channels_free()
    {
        var b = new GraphBuilder(1, 18);
        var c = b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "c1");
        var r = b.Op("Resize", [c, "", "", b.Integers("sizes", 12, 9)], [1, 5, 12, 9], "r", n => n.Set("axes", [2, 3]));
        Assert.Equal([12, 9], Specimen.Integers(new Specimen(b.Build(b.Conv(r, 2))).Remove("c1", 1, 3), "r", 3));
    }

    [Fact]
    public void Cropping_a_region_of_all_channels_leaves_them_free()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "c1");
        var r = b.Op("Resize", [c, b.Floats("roi", [8], 0, 0, 0.2f, 0.2f, 1, 1, 0.8f, 0.8f), b.Floats("scales", [4], 1, 1, 2, 2)], [1, 5, 12, 12], "r",
            n => { n.Set("mode", "linear"); n.Set("coordinate_transformation_mode", "tf_crop_and_resize"); });
        new Specimen(b.Build(b.Conv(r, 2))).Remove("c1", 1, 3);
    }

    [Fact]
    public void Resizing_the_channel_axis_locks_it()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, pads: 1, name: "c1");
        var r = b.Op("Resize", [c, "", b.Floats("scales", [4], 1, 2, 1, 1)], [1, 8, 6, 6], "r");
        Assert.Equal("Resize 'r': resizes the channel axis", new Specimen(b.Build(b.Conv(r, 2))).Lock("c1"));
    }

    [Fact]
    public void An_upsampling_of_opset_9_leaves_channels_free()
    {
        var b = new GraphBuilder(1, 9);
        var c = b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "c1");
        new Specimen(b.Build(b.Conv(b.Op("Upsample", [c, b.Floats("scales", [4], 1, 1, 2, 2)], [1, 5, 12, 12], "r"), 2))).Remove("c1", 1, 3);
    }

    [Fact]
    public void Sampling_at_a_grid_leaves_channels_free_and_locks_what_makes_the_grid()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var c = b.Conv(x, 5, pads: 1, name: "c1");
        var grid = b.Transpose(b.Unary("Tanh", b.Conv(x, 2, pads: 1, name: "places")), 0, 2, 3, 1);
        var s = new Specimen(b.Build(b.Conv(b.Op("GridSample", [c, grid], b.Shape(c), "g"), 2)));
        Assert.Equal("GridSample 'g': they say where it samples", s.Lock("places"));
        s.Remove("c1", 1, 3);
    }

    [Fact]
    public void Pooling_regions_leaves_channels_free()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "c1");
        var r = b.Op("RoiAlign", [c, b.Floats("rois", [2, 4], 0, 0, 4, 4, 1, 1, 5, 5), b.Integers("which", 0, 0)], [2, 5, 3, 3], "r",
            n => { n.Set("output_height", 3); n.Set("output_width", 3); });
        new Specimen(b.Build(b.Conv(r, 2, kernel: 1))).Remove("c1", 1, 3);
    }

    [Fact]
    public void Pixels_folded_into_channels_and_back_keep_blocks_together()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 3, pads: 1, name: "c1");
        var folded = b.Op("SpaceToDepth", [c], [1, 12, 3, 3], "folded", n => n.Set("blocksize", 2));
        var s = new Specimen(b.Build(b.Conv(folded, 2, kernel: 1, name: "last")));
        Assert.Equal(3, s.Free("folded"));
        Assert.Equal([2, 8, 1, 1], Specimen.Dims(s.Remove("c1", 1), "last.weight"));
    }
}
