using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class QuantisedRuleTests
{
    [Fact]
    public void Integer_convolutions_of_dynamically_quantised_data_are_cut()
    {
        var b = new GraphBuilder(1);
        var c1 = Integer(b, b.Input("x", 3, 6, 6), 4, "c1");
        var s = new Specimen(b.Build(Integer(b, b.Relu(c1), 2, "c2")));
        Assert.Equal(4, s.Free("c1"));
        var slim = s.Remove("c1", 1, 2);
        Assert.Equal([2, 3, 3, 3], Specimen.Dims(slim, "c1.weight"));
        Assert.Equal([2, 1, 1], Specimen.Dims(slim, "c1.scale"));
        Assert.Equal([2, 2, 3, 3], Specimen.Dims(slim, "c2.weight"));
    }

    [Fact]
    public void Integer_products_are_cut_with_the_zero_points_of_their_columns()
    {
        var b = new GraphBuilder(1);
        var (x, _, zero) = b.DynamicQuantize(b.Input("x", 5));
        var m1 = b.Op("MatMulInteger", [x, b.Bytes("m1.weight", [5, 6], true), zero, b.Zeros("m1.zero", [6], true, 3)], [1, 6], "m1");
        var (y, scale, zero2) = b.DynamicQuantize(b.Op("Cast", [m1], [1, 6], null, n => n.Set("to", 1)));
        var m2 = b.Op("MatMulInteger", [y, b.Bytes("m2.weight", [6, 3], true), zero2], [1, 3], "m2");
        var s = new Specimen(b.Build(b.Mul(b.Op("Cast", [m2], [1, 3], null, n => n.Set("to", 1)), scale)));
        var slim = s.Remove("m1", 0, 3);
        Assert.Equal([5, 4], Specimen.Dims(slim, "m1.weight"));
        Assert.Equal([4], Specimen.Dims(slim, "m1.zero"));
        Assert.Equal([4, 3], Specimen.Dims(slim, "m2.weight"));
    }

    [Fact]
    public void Weights_behind_a_DequantizeLinear_are_cut_where_they_are_stored()
    {
        var b = new GraphBuilder(1);
        var x = b.Dequantize(b.Quantize(b.Input("x", 3, 6, 6)));
        var c1 = b.Op("Conv", [x, b.QuantisedWeight("c1.weight", [4, 3, 3, 3], 0), b.Weight("c1.bias", [4])], [1, 4, 4, 4], "c1");
        var y = b.Dequantize(b.Quantize(c1));
        var s = new Specimen(b.Build(b.Op("Conv", [y, b.QuantisedWeight("c2.weight", [2, 4, 3, 3], 0)], [1, 2, 2, 2], "c2")));
        var slim = s.Remove("c1", 1);
        Assert.Equal([3, 3, 3, 3], Specimen.Dims(slim, "c1.weight.q"));
        Assert.Equal([3], Specimen.Dims(slim, "c1.weight.scale"));
        Assert.Equal([3], Specimen.Dims(slim, "c1.weight.zero"));
        Assert.Equal([2, 3, 3, 3], Specimen.Dims(slim, "c2.weight.q"));
        Assert.Equal([2], Specimen.Dims(slim, "c2.weight.scale"));
        Assert.Equal((int)TensorProto.Types.DataType.Int8, slim.Graph.Initializer.Single(t => t.Name == "c1.weight.q").DataType);
    }

    [Fact]
    public void Weights_behind_a_DequantizeLinear_and_a_Transpose_are_cut_where_they_are_stored()
    {
        var b = new GraphBuilder(1);
        var m1 = b.Op("MatMul", [b.Input("x", 5), b.Transpose(b.QuantisedWeight("w1", [6, 5], 0), 1, 0)], [1, 6], "m1");
        var s = new Specimen(b.Build(b.Op("MatMul", [b.Relu(m1), b.Transpose(b.QuantisedWeight("w2", [3, 6], 1), 1, 0)], [1, 3], "m2")));
        var slim = s.Remove("m1", 0, 3);
        Assert.Equal([4, 5], Specimen.Dims(slim, "w1.q"));
        Assert.Equal([4], Specimen.Dims(slim, "w1.scale"));
        Assert.Equal([3, 4], Specimen.Dims(slim, "w2.q"));
        Assert.Equal([4], Specimen.Dims(slim, "w2.scale"));
    }

    [Fact]
    public void Dequantised_weights_that_two_layers_share_tie_their_channels()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var w = b.QuantisedWeight("w", [4, 3, 3, 3], 0);
        var (c1, c2) = (b.Op("Conv", [x, w], [1, 4, 4, 4], "c1"), b.Op("Conv", [b.Relu(x), w], [1, 4, 4, 4], "c2"));
        var s = new Specimen(b.Build(b.Conv(c1, 2), b.Conv(c2, 2)));
        Assert.Equal(s.Cells("c1"), s.Cells("c2"));
        Assert.Equal([3, 3, 3, 3], Specimen.Dims(s.Remove("c1", 1), "w.q"));
    }

    [Fact]
    public void Quantised_convolutions_are_cut_with_their_vectors()
    {
        var b = new GraphBuilder(1);
        string Layer(string x, int from, int to, string name) => b.Op("QLinearConv",
            [x, b.Floats($"{name}.xs", [], 0.03f), b.Zeros($"{name}.xz", [], false, 120),
             b.Bytes($"{name}.weight", [to, from, 1, 1], true), b.Floats($"{name}.ws", [to], [.. Enumerable.Repeat(0.01f, to)]), b.Zeros($"{name}.wz", [to], true),
             b.Floats($"{name}.ys", [], 0.03f), b.Zeros($"{name}.yz", [], false, 120)], [1, to, 4, 4], name);
        var c1 = Layer(b.Quantize(b.Input("x", 3, 4, 4)), 3, 5, "c1");
        var scale = b.Floats("s", [], 0.03f);
        var zero = b.Zeros("z", [], false, 120);
        var twice = b.Microsoft("QLinearAdd", [c1, scale, zero, c1, scale, zero, scale, zero], b.Shape(c1), "sum");
        var s = new Specimen(b.Build(b.Dequantize(Layer(twice, 5, 2, "c2"))));
        var slim = s.Remove("c1", 0, 4);
        Assert.Equal([3, 3, 1, 1], Specimen.Dims(slim, "c1.weight"));
        Assert.Equal([3], Specimen.Dims(slim, "c1.ws"));
        Assert.Equal([3], Specimen.Dims(slim, "c1.wz"));
        Assert.Equal([2, 3, 1, 1], Specimen.Dims(slim, "c2.weight"));
        Assert.Equal([2], Specimen.Dims(slim, "c2.ws"));
    }

    [Fact]
    public void Quantised_products_are_cut()
    {
        var b = new GraphBuilder(1);
        string Layer(string x, int from, int to, string name) => b.Op("QLinearMatMul",
            [x, b.Floats($"{name}.xs", [], 0.03f), b.Zeros($"{name}.xz", [], false, 120),
             b.Bytes($"{name}.weight", [from, to], true), b.Floats($"{name}.ws", [], 0.01f), b.Zeros($"{name}.wz", [], true),
             b.Floats($"{name}.ys", [], 0.03f), b.Zeros($"{name}.yz", [], false, 120)], [1, to], name);
        var m1 = Layer(b.Quantize(b.Input("x", 5)), 5, 6, "m1");
        var slim = new Specimen(b.Build(b.Dequantize(Layer(m1, 6, 3, "m2")))).Remove("m1", 1, 2);
        Assert.Equal([5, 4], Specimen.Dims(slim, "m1.weight"));
        Assert.Equal([4, 3], Specimen.Dims(slim, "m2.weight"));
    }

    [Fact]
    public void Scales_per_channel_of_data_are_cut()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        string[] Scales(string name) => [b.Floats($"{name}.scale", [4], 0.01f, 0.02f, 0.03f, 0.04f), b.Zeros($"{name}.zero", [4], false, 128)];
        var q = b.Op("QuantizeLinear", [c, .. Scales("q")], b.Shape(c), "q", n => n.Set("axis", 1));
        var d = b.Op("DequantizeLinear", [q, .. Scales("d")], b.Shape(c), "d", n => n.Set("axis", 1));
        var slim = new Specimen(b.Build(b.Conv(d, 2))).Remove("c1", 1);
        Assert.Equal([3], Specimen.Dims(slim, "q.scale"));
        Assert.Equal([3], Specimen.Dims(slim, "d.zero"));
    }

    [Fact]
    public void A_product_that_quantises_its_data_itself_is_cut()
    {
        var b = new GraphBuilder(1);
        string Layer(string x, int from, int to, string name) => b.Microsoft("DynamicQuantizeMatMul",
            [x, b.Bytes($"{name}.weight", [from, to], true), b.Floats($"{name}.scale", [to], [.. Enumerable.Repeat(0.01f, to)]), b.Zeros($"{name}.zero", [to], true),
             b.Weight($"{name}.bias", [to])], [1, to], name);
        var m1 = Layer(b.Input("x", 5), 5, 6, "m1");
        var slim = new Specimen(b.Build(Layer(b.Relu(m1), 6, 3, "m2"))).Remove("m1", 1, 2);
        Assert.Equal([4], Specimen.Dims(slim, "m1.bias"));
        Assert.Equal([4, 3], Specimen.Dims(slim, "m2.weight"));
    }

    static string Integer(GraphBuilder b, string x, int channels, string name)
    {
        var (values, scale, zero) = b.DynamicQuantize(x);
        var shape = b.Shape(x);
        long[] to = [shape[0], channels, shape[2] - 2, shape[3] - 2];
        var sum = b.Op("ConvInteger", [values, b.Bytes($"{name}.weight", [channels, shape[1], 3, 3], false), zero, b.Zeros($"{name}.zero", [], false, 128)], to, $"{name}.sum");
        var scales = b.Mul(scale, b.Floats($"{name}.scale", [channels, 1, 1], [.. Enumerable.Range(1, channels).Select(i => i * 0.002f)]));
        return b.Mul(b.Op("Cast", [sum], to, $"{name}.cast", n => n.Set("to", 1)), scales, name);
    }
}
