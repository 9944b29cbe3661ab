using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class ReshapeRuleTests
{
    [Fact]
    public void Flattening_space_ties_all_pixels_of_a_channel()
    {
        var b = new GraphBuilder(1);
        var c = b.MaxPool(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1"));
        var flat = b.Flatten(c, "flat");
        var s = new Specimen(b.Build(b.Gemm(flat, 5, name: "fc")));
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3], s.Cells("flat"));
        Assert.Equal([5, 12], Specimen.Dims(s.Remove("c1", 2), "fc.weight"));
    }

    [Theory]
    [InlineData(0L, -1L)]
    [InlineData(-1L, 64L)]
    [InlineData(0L, 64L)]
    public void A_reshape_to_a_matrix_gets_the_size_that_is_left(long rows, long columns)
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var flat = b.Reshape(c, rows, columns);
        var slim = new Specimen(b.Build(b.Gemm(flat, 5, transB: false, name: "fc"))).Remove("c1", 0, 3);
        Assert.Equal([32, 5], Specimen.Dims(slim, "fc.weight"));
        Assert.Equal([rows, columns == 64 ? 32 : -1], Specimen.Integers(slim, flat, 1));
    }

    [Fact]
    public void Shapes_computed_from_the_batch_are_understood()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var shape = b.Op("Shape", [c], [4], "shape");
        var batch = b.Op("Unsqueeze", [b.Op("Gather", [shape, Scalar(b, "zero", 0)], [], "gather"), b.Integers("axes", 0)], [1], "batch");
        var target = b.Op("Concat", [batch, b.Integers("rest", -1)], [2], "target", n => n.Set("axis", 0));
        var flat = b.Op("Reshape", [c, target], [1, 64], "flat");
        var slim = new Specimen(b.Build(b.Gemm(flat, 5, name: "fc"))).Remove("c1", 1);
        Assert.Equal([5, 48], Specimen.Dims(slim, "fc.weight"));
        Assert.DoesNotContain(slim.Graph.Node, n => n.OpType == "Shape");
    }

    [Fact]
    public void Channels_computed_into_a_shape_are_understood()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var shape = b.Op("Shape", [c], [4], "shape");
        var picked = b.Op("Slice", [shape, b.Integers("from", 0), b.Integers("to", 2)], [2], "picked");
        var target = b.Op("Concat", [picked, b.Integers("rest", -1)], [3], "target", n => n.Set("axis", 0));
        var rows = b.Op("Reshape", [c, target], [1, 4, 16], "rows");
        var s = new Specimen(b.Build(b.MatMul(b.Transpose(rows, 0, 2, 1), 5)));
        Assert.Equal(1, s.Axis("rows"));
        s.Remove("c1", 1, 2);
    }

    [Fact]
    public void A_zero_that_copies_another_axis_is_spelt_out_when_that_axis_shrinks()
    {
        var b = new GraphBuilder(1) { Batch = 1 };
        var c = b.Conv(b.Input("x", 3, 1, 4), 4, kernel: 1, name: "c1"); // [1,4,1,4]
        var t = b.Transpose(c, 0, 2, 3, 1); // channels last: [1,1,4,4]
        var r = b.Reshape(t, 4, 1, 1, 0); // [4,1,1,4]
        var s = new Specimen(b.Build(b.MatMul(r, 5)));
        s.Remove("c1", 2);
    }

    [Fact]
    public void A_target_shared_by_two_reshapes_is_parted()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var target = b.Integers("target", 0, 64);
        var f1 = b.Op("Reshape", [b.Conv(x, 4, name: "c1"), target], [1, 64], "f1");
        var f2 = b.Op("Reshape", [b.Conv(x, 4, name: "c2"), target], [1, 64], "f2");
        var slim = new Specimen(b.Build(b.Gemm(f1, 5), b.Gemm(f2, 5))).Remove("c1", 1);
        Assert.Equal([0, 48], Specimen.Integers(slim, "f1", 1));
        Assert.Equal([0, 64], Specimen.Integers(slim, "f2", 1));
    }

    [Fact]
    public void Channels_folded_into_the_batch_stay()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 4, 4), 4, kernel: 1, name: "c1");
        var rows = b.Op("Reshape", [c, b.Integers("merge", -1, 1, 4, 4)], [4, 1, 4, 4], "merged");
        var back = b.Op("Reshape", [rows, b.Integers("part", -1, 4, 4, 4)], [1, 4, 4, 4], "parted");
        var s = new Specimen(b.Build(b.Conv(back, 2)));
        Assert.StartsWith("Reshape 'merged': ", s.Lock("c1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Expanding_the_batch_or_space_keeps_the_channels()
    {
        var b = new GraphBuilder(1);
        var c = b.GlobalAveragePool(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1"));
        var wide = b.Op("Expand", [c, b.Integers("size", 4, 3, 3)], [1, 4, 3, 3], "wide");
        var slim = new Specimen(b.Build(b.Conv(wide, 2))).Remove("wide", 0);
        Assert.Equal([3, 3, 3], Specimen.Integers(slim, "wide", 1));
    }

    [Fact]
    public void Squeezing_and_unsqueezing_space_keeps_the_channels()
    {
        var b = new GraphBuilder(1);
        var c = b.Squeeze(b.GlobalAveragePool(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1")), 2, 3);
        var back = b.Op("Unsqueeze", [c, b.Integers("axes", 2, 3)], [1, 4, 1, 1], "back");
        var s = new Specimen(b.Build(b.Conv(back, 2, kernel: 1)));
        Assert.Equal(1, s.Axis("back"));
        s.Remove("c1", 3);
    }

    static string Scalar(GraphBuilder b, string name, long value)
    {
        var constant = TensorData.FromIntegers("", [], [value]);
        return b.Op("Constant", [], [], name, n => n.Attribute.Add(new Surgery.Proto.AttributeProto
        {
            Name = "value",
            Type = Surgery.Proto.AttributeProto.Types.AttributeType.Tensor,
            T = constant,
        }));
    }
}
