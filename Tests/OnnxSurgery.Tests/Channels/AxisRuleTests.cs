using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class AxisRuleTests
{
    [Theory]
    [InlineData(1, "sums along the channel axis")]
    [InlineData(2, null)]
    public void A_running_sum_locks_its_own_axis_only(int axis, string? reason)
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var s = new Specimen(b.Build(b.Conv(b.Op("CumSum", [c, b.Integers("axis", axis)], b.Shape(c), "running"), 2)));
        if (reason is null) s.Remove("c1", 0, 2);
        else Assert.Equal($"CumSum 'running': {reason}", s.Lock("c1"));
    }

    [Fact]
    public void The_largest_along_another_axis_leave_channels_free()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var top = b.Op("TopK", [c, b.Integers("k", 2)], [1, 4, 4, 2], "top", n => n.Output.Add("top.at"));
        var s = new Specimen(b.Build(b.Conv(top, 2, kernel: 1)));
        s.Remove("c1", 0, 2);
        Assert.Equal(s.Cells("top"), s.Cells("top.at"));
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(2, 1)]
    public void Where_the_largest_is_along_another_axis_leaves_channels_free(int axis, int keep)
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        long[] shape = keep == 1 ? [1, 4, 1, 4] : [1, 4, 4];
        var at = b.Op("ArgMax", [c], shape, "at", n => { n.Set("axis", axis); n.Set("keepdims", keep); });
        var floats = b.Op("Cast", [at], shape, null, n => n.Set("to", 1));
        new Specimen(b.Build(b.Conv(floats, 2, kernel: 1))).Remove("c1", 0, 2);
    }

    [Fact]
    public void Which_channel_is_largest_locks_them()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var at = b.Op("ArgMax", [c], [1, 1, 4, 4], "at", n => n.Set("axis", 1));
        Assert.Equal("ArgMax 'at': compares the channels with each other", new Specimen(b.Build(at)).Lock("c1"));
    }

    [Fact]
    public void A_triangle_of_pixels_leaves_channels_free()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        new Specimen(b.Build(b.Conv(b.Unary("Trilu", c), 2))).Remove("c1", 0, 2);
    }
}
