using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class MatrixRuleTests
{
    [Fact]
    public void A_matrix_on_the_left_contracts_the_rows()
    {
        var b = new GraphBuilder(1);
        var x = b.Transpose(b.MatMul(b.Input("x", 4, 5), 6, "m1"), 0, 2, 1);
        var left = b.Op("MatMul", [b.Weight("left.weight", [3, 6], 6), x], [1, 3, 4], "left");
        var s = new Specimen(b.Build(b.Op("MatMul", [b.Weight("last.weight", [2, 3], 3), b.Relu(left)], [1, 2, 4], "last")));
        Assert.Equal(1, s.Axis("left"));
        Assert.Equal([3, 4], Specimen.Dims(s.Remove("m1", 0, 5), "left.weight"));
        var slim = s.Remove("left", 1);
        Assert.Equal([2, 6], Specimen.Dims(slim, "left.weight"));
        Assert.Equal([2, 2], Specimen.Dims(slim, "last.weight"));
    }

    [Fact]
    public void A_batch_of_matrices_is_cut_along_its_own_last_axes()
    {
        var b = new GraphBuilder(1);
        var x = b.MatMul(b.Input("x", 3, 4, 5), 6, "m1");
        var y = b.Op("MatMul", [x, b.Weight("batch.weight", [3, 6, 7], 6)], [1, 3, 4, 7], "batch");
        var s = new Specimen(b.Build(b.MatMul(y, 2, "last")));
        Assert.Equal([3, 5, 7], Specimen.Dims(s.Remove("m1", 2), "batch.weight"));
        Assert.Equal([3, 6, 6], Specimen.Dims(s.Remove("batch", 2), "batch.weight"));
    }

    [Fact]
    public void Channels_pass_a_product_along_another_axis()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 4, 4), 5, kernel: 1, name: "c1");
        var mixed = b.Relu(b.MatMul(c, 6, "mix"));
        var s = new Specimen(b.Build(b.Conv(mixed, 2, kernel: 1, name: "last")));
        Assert.Equal(5, s.Free("c1"));
        Assert.Equal([2, 3, 1, 1], Specimen.Dims(s.Remove("c1", 0, 4), "last.weight"));
    }

    [Fact]
    public void A_matrix_per_channel_goes_with_the_channel()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 4, 4), 5, kernel: 1, name: "c1");
        var mixed = b.Op("MatMul", [c, b.Weight("mix.weight", [5, 4, 6], 4)], [1, 5, 4, 6], "mix");
        var slim = new Specimen(b.Build(b.Conv(mixed, 2, kernel: 1))).Remove("c1", 0, 4);
        Assert.Equal([3, 4, 6], Specimen.Dims(slim, "mix.weight"));
    }

    [Fact]
    public void A_transposed_Gemm_with_factors_and_no_C_is_cut()
    {
        var b = new GraphBuilder(1) { Batch = 4 };
        var f1 = b.Gemm(b.Input("x", 5), 6, name: "f1");
        var f2 = b.Op("Gemm", [b.Transpose(f1, 1, 0), b.Weight("f2.weight", [6, 3], 6)], [4, 3], "f2", n =>
        {
            n.Set("transA", 1);
            n.Set("alpha", 0.5f);
        });
        var s = new Specimen(b.Build(b.Gemm(f2, 2, name: "last")));
        Assert.Equal([5, 3], Specimen.Dims(s.Remove("f1", 2), "f2.weight"));
        Assert.Equal([6, 2], Specimen.Dims(s.Remove("f2", 2), "f2.weight"));
    }

    [Fact]
    public void A_Gemm_with_a_constant_A_makes_rows()
    {
        var b = new GraphBuilder(1) { Batch = 4 };
        var rows = b.Transpose(b.Gemm(b.Input("x", 5), 6, name: "f1"), 1, 0);
        var left = b.Op("Gemm", [b.Weight("a", [3, 6], 6), rows, b.Weight("c", [3, 1])], [3, 4], "left", n => n.Set("beta", 2f));
        var s = new Specimen(b.Build(b.Gemm(b.Transpose(left, 1, 0), 2, name: "last")));
        Assert.Equal([3, 5], Specimen.Dims(s.Remove("f1", 2), "a"));
        var slim = s.Remove("left", 1);
        Assert.Equal([2, 6], Specimen.Dims(slim, "a"));
        Assert.Equal([2, 1], Specimen.Dims(slim, "c"));
    }

    [Fact]
    public void The_width_of_an_embedding_can_shrink()
    {
        var b = new GraphBuilder(1);
        var x = b.Op("Cast", [b.Unary("Abs", b.Input("x", 4))], [1, 4], "tokens", n => n.Set("to", 7));
        var rows = b.Op("Gather", [b.Weight("table", [9, 6]), x], [1, 4, 6], "rows");
        var s = new Specimen(b.Build(b.MatMul(rows, 2, "last")));
        var slim = s.Remove("rows", 1, 2);
        Assert.Equal([9, 4], Specimen.Dims(slim, "table"));
        Assert.Equal([4, 2], Specimen.Dims(slim, "last.weight"));
    }
}
