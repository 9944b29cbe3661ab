using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

public class ModelCountsTests
{
    [Fact]
    public void A_classifier_counts_weights_biases_gamma_and_beta()
    {
        var model = SmallModels.Classifier();
        var counts = ModelCounts.Of(model, TracedShapes.Of(model));
        // conv1 3x8x3x3+8, bn1 gamma and beta 8+8 (not mean and variance), conv2 8x8x3x3+8, fc 8x10+10.
        Assert.Equal(216 + 8 + 16 + 576 + 8 + 90, counts.Parameters);
        Assert.Equal(64 * 216 + 64 * 576 + 80, counts.Macs);
        Assert.True(counts.MacsComplete);
        Assert.Equal(model.CalculateSize(), counts.Bytes);
        Assert.Equal(model.Graph.Node.Count, counts.Nodes.Count);
        var bn = counts.Nodes.Single(n => n.Name == "bn1");
        Assert.Equal(("BatchNormalization", 16L, 0L), (bn.Op, bn.Parameters, bn.Macs));
        Assert.Equal([1, 8, 8, 8], bn.OutputShape);
    }

    [Fact]
    public void Macs_do_not_depend_on_the_traced_batch()
    {
        var model = SmallModels.Classifier();
        Assert.Equal(ModelCounts.Of(model, TracedShapes.Of(model)).Macs, ModelCounts.Of(model, TracedShapes.Of(model, 4), 4).Macs);
        Assert.Throws<OnnxSurgeryException>(() => ModelCounts.Of(model, TracedShapes.Of(model), 0));
    }

    [Fact]
    public void Without_shapes_parameters_are_known_and_macs_are_not()
    {
        var counts = ModelCounts.Of(SmallModels.Classifier());
        Assert.Equal(914, counts.Parameters);
        Assert.False(counts.MacsComplete);
        Assert.Null(counts.Nodes.Single(n => n.Name == "conv1").Macs);
    }

    [Fact]
    public void Convolutions_of_every_kind_have_their_macs()
    {
        // Output positions times weights per output channel.
        Assert.Equal(6 * 6 * 16 * (8 * 9), Macs(8, [8, 8], (b, x) => b.Conv(x, 16)));
        Assert.Equal(8 * 8 * 16 * (2 * 9), Macs(8, [8, 8], (b, x) => b.Conv(x, 16, pads: 1, group: 4)));
        Assert.Equal(4 * 4 * 8 * 9, Macs(8, [8, 8], (b, x) => b.Conv(x, 8, pads: 1, stride: 2, group: 8)));
        Assert.Equal(10 * 4 * (8 * 3), Macs(8, [12], (b, x) => b.Conv(x, 4)));
        Assert.Equal(2 * 2 * 2 * 4 * (8 * 27), Macs(8, [4, 4, 4], (b, x) => b.Conv(x, 4)));
        // Input positions times weights per input channel.
        Assert.Equal(8 * 8 * 8 * (6 * 4), Macs(8, [8, 8], (b, x) => b.ConvTranspose(x, 6)));
        Assert.Equal(8 * 8 * 8 * (3 * 4), Macs(8, [8, 8], (b, x) => b.ConvTranspose(x, 6, group: 2)));
    }

    [Fact]
    public void Matrix_products_of_weights_and_of_activations_have_their_macs()
    {
        Assert.Equal(8 * 5, Macs(8, [], (b, x) => b.Gemm(x, 5)));
        Assert.Equal(8 * 5, Macs(8, [], (b, x) => b.Gemm(x, 5, transB: false)));
        Assert.Equal(6 * 8 * 5, Macs(6, [8], (b, x) => b.MatMul(x, 5)));
        Assert.Equal(6 * 8 * 6, Macs(6, [8], (b, x) => b.MatMul(x, b.Transpose(x, 0, 2, 1))));
    }

    [Fact]
    public void A_product_of_constants_is_not_divided_by_the_batch()
    {
        var b = new GraphBuilder(1);
        var w = b.MatMul(b.Weight("u", [4, 2]), b.Weight("v", [2, 4]));
        var model = b.Build(b.MatMul(b.Input("x", 4), w));
        var counts = ModelCounts.Of(model, TracedShapes.Of(model, 2), 2);
        Assert.Equal(4 * 2 * 4 + 4 * 4, counts.Macs);
        Assert.Equal(16, counts.Parameters);
    }

    [Fact]
    public void Shared_tensors_count_once_at_their_first_reader()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 4, 8);
        var w = b.Weight("w", [8, 8]);
        var y = b.Op("MatMul", [b.Op("MatMul", [x, w], b.Shape(x), "first"), w], b.Shape(x), "second");
        var nodes = ModelCounts.Of(b.Build(y)).Nodes;
        Assert.Equal([64L, 0L], nodes.Select(n => n.Parameters));
    }

    [Fact]
    public void Weights_in_constant_nodes_and_behind_reshapes_count()
    {
        var b = new GraphBuilder(1);
        var weight = b.Transpose(b.Unary("Identity", b.Constant("w", [5, 8])), 1, 0);
        var x = b.Input("x", 8);
        var y = b.Op("MatMul", [x, weight], [1, 5]);
        Assert.Equal(40 + 5, ModelCounts.Of(b.Build(b.Add(y, b.Constant("bias", [5])))).Parameters);
    }

    [Fact]
    public void Weights_made_by_ConstantOfShape_count_when_traced()
    {
        var b = new GraphBuilder(1);
        var w = b.Op("ConstantOfShape", [b.Integers("shape", 8, 5)], [8, 5]);
        var model = b.Build(b.Op("MatMul", [b.Input("x", 8), w], [1, 5]));
        Assert.Equal(40, ModelCounts.Of(model, TracedShapes.Of(model)).Parameters);
    }

    [Fact]
    public void Elementwise_arrays_slopes_norms_and_embeddings_count_but_scalars_do_not()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 6, 8);
        var y = b.Mul(b.Add(x, b.Weight("position", [6, 8])), b.Weight("scale", [8]));
        y = b.LayerNorm(b.Mul(y, b.Floats("half", [], 0.5f)));
        y = b.PRelu(y);
        // The class token: expanded to the batch and put in front.
        y = b.Concat(1, b.Gather(b.Weight("token", [1, 4, 8]), 1, 0, 1), y);
        Assert.Equal(48 + 8 + 16 + 6 + 32, ModelCounts.Of(b.Build(y)).Parameters);
    }

    [Fact]
    public void Settings_and_padding_do_not_count()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 4, 8, 8);
        var y = b.Concat(1, x, b.Floats("zeros", [1, 4, 8, 8], new float[256]));
        y = b.Op("Resize", [y, "", b.Floats("scales", [4], 1, 1, 2, 2)], [1, 8, 16, 16]);
        y = b.Reshape(b.Slice(y, 1, 0, 4), 0, -1);
        Assert.Equal(0, ModelCounts.Of(b.Build(y)).Parameters);
    }

    [Fact]
    public void Arithmetic_on_shapes_does_not_count()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 4, 8, 8);
        var shape = b.Op("Cast", [b.Op("Shape", [x], [4])], [4], null, n => n.Set("to", 1L));
        var doubled = b.Mul(shape, b.Floats("factors", [4], 1, 1, 2, 2));
        var sizes = b.Op("Cast", [doubled], [4], null, n => n.Set("to", 7L));
        Assert.Equal(0, ModelCounts.Of(b.Build(b.Op("Resize", [x, "", "", sizes], [1, 4, 16, 16]))).Parameters);
    }

    [Fact]
    public void Quantised_weights_count_and_their_scales_do_not()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 8);
        var model = b.Build(b.Op("MatMul", [x, b.Op("DequantizeLinear", ["q", b.Floats("scale", [5], 1, 1, 1, 1, 1)], [8, 5],
            null, n => n.Set("axis", 1L))], [1, 5]));
        var q = new TensorProto { Name = "q", DataType = (int)DataType.Int8, RawData = Google.Protobuf.ByteString.CopyFrom(new byte[40]) };
        q.Dims.AddRange([8, 5]);
        model.Graph.Initializer.Add(q);
        var counts = ModelCounts.Of(model, TracedShapes.Of(model));
        Assert.Equal((40L, 40L), (counts.Parameters, counts.Macs));
    }

    static long Macs(int channels, long[] spatial, Func<GraphBuilder, string, string> layer)
    {
        var b = new GraphBuilder(1);
        var model = b.Build(layer(b, b.Input("x", [channels, .. spatial])));
        var counts = ModelCounts.Of(model, TracedShapes.Of(model, 3), 3);
        Assert.True(counts.MacsComplete);
        return counts.Macs;
    }
}
