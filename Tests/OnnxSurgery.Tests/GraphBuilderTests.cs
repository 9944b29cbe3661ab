using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Model;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

public class GraphBuilderTests
{
    [Fact]
    public void Shapes_of_the_builder_are_the_shapes_that_the_runtime_computes()
    {
        var b = new GraphBuilder(1);
        var outputs = Everything(b);
        using var session = OrtRuntime.CreateSession(b.Build(outputs), optimise: false);
        using var x = OrtValue.CreateTensorValueFromMemory(new float[8 * 8 * 8], [1, 8, 8, 8]);
        using var options = new RunOptions();
        using var values = session.Run(options, ["x"], [x], outputs);
        for (var i = 0; i < outputs.Length; i++)
            Assert.Equal(b.Shape(outputs[i]), values[i].GetTensorTypeAndShape().Shape);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes()
    {
        var one = new GraphBuilder(7);
        var two = new GraphBuilder(7);
        Assert.Equal(one.Build(Everything(one)).ToByteArray(), two.Build(Everything(two)).ToByteArray());
    }

    [Fact]
    public void Half_precision_models_are_accepted_by_the_runtime()
    {
        var b = new GraphBuilder(1) { ElementType = DataType.Float16, Batch = 2 };
        var y = b.Gemm(b.Flatten(b.Relu(b.BatchNorm(b.Conv(b.Input("x", 3, 6, 6), 4)))), 5);
        using var session = OrtRuntime.CreateSession(b.Build(y));
        Assert.Equal([2, 5], session.OutputMetadata[y].Dimensions);
    }

    static string[] Everything(GraphBuilder b)
    {
        var x = b.Input("x", 8, 8, 8);
        var c = b.Relu(b.BatchNorm(b.Conv(x, 8, pads: 1, stride: 2, bias: false)));
        var g = b.PRelu(b.Conv(c, 8, group: 4, dilation: 2, pads: 2));
        var s = b.Add(b.Pad(b.Slice(b.Slice(x, 2, 0, 8, 2), 3, 0, 8, 2), 1, 0, 0), g);
        var p = b.Split(b.ChannelShuffle(b.Concat(1, s, c), 4), 1, 2);
        var t = b.ConvTranspose(p[0], 6);
        var m = b.InstanceNorm(b.MaxPool(p[1], 3, 1, 1));
        var a = b.AveragePool(m);
        var d = b.DepthToSpace(m, 2);
        var f = b.Gemm(b.Flatten(b.GlobalAveragePool(m)), 10);
        var k = b.Gemm(b.Squeeze(b.ReduceMean(m, [2, 3]), 2, 3), 10, transB: false);
        var tokens = b.LayerNorm(b.Transpose(b.Reshape(b.Gather(m, 1, 0, 2, 4, 6), 0, 4, -1), 0, 2, 1));
        var attention = b.MatMul(b.Softmax(b.MatMul(b.MatMul(tokens, 4), b.Transpose(tokens, 0, 2, 1))), tokens);
        var mean = b.ReduceMean(attention, [1], keepdims: false);
        var scaled = b.Mul(attention, b.Constant("scale", [4]));
        return [g, s, p[0], p[1], t, a, d, f, k, attention, mean, scaled];
    }
}
