using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Gradients.Blocked;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>A training step on blocked convolutions against the same step without.</summary>
public class BlockedConvolutionTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(3)]
    public void A_training_step_of_a_residual_network_gives_the_same_gradients(int batch) => AssertSame(Residual(16, 32), batch);

    [Fact]
    public void Channels_that_fill_no_block_give_the_same_gradients() => AssertSame(Residual(20, 44), 16);

    [Fact]
    public void Batch_statistics_between_blocked_convolutions_give_the_same_gradients() => AssertSame(Residual(16, 20, norm: true), 16, NormalisationMode.BatchStatistics);

    [Fact]
    public void Groups_and_dilations_and_gates_give_the_same_gradients()
    {
        var b = new GraphBuilder(2);
        var x = b.Relu(b.Conv(b.Input("x", 3, 12, 11), 32, pads: 1));
        var y = b.Conv(b.Conv(x, 32, 3, pads: 1, group: 32), 32, 3, pads: 2, dilation: 2);
        var gate = b.Unary("Sigmoid", b.Conv(b.GlobalAveragePool(y), 32, 1));
        var z = b.MaxPool(b.Mul(b.Unary("Tanh", y), gate));
        AssertSame(b.Build(b.Gemm(b.Flatten(b.AveragePool(z)), 5)), 16);
    }

    // First convolution of few channels, strided shortcut with padded channels, sum, pooling.
    static ModelProto Residual(int narrow, int wide, bool norm = false)
    {
        var b = new GraphBuilder(1);
        string Conv(string input, int channels, int stride = 1) =>
            b.Conv(input, channels, 3, stride, 1, bias: !norm) is var y && norm ? b.BatchNorm(y) : y;
        var x = b.Relu(Conv(b.Input("x", 3, 12, 10), narrow));
        x = b.Relu(b.Add(x, Conv(b.Relu(Conv(x, narrow)), narrow)));
        var shortcut = b.Pad(b.Slice(b.Slice(x, 2, 0, 100, 2), 3, 0, 100, 2), 1, (wide - narrow) / 2, (wide - narrow) / 2);
        x = b.Relu(b.Add(Conv(b.Relu(Conv(x, wide, 2)), wide), shortcut));
        return b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(x)), 5));
    }

    static void AssertSame(ModelProto model, int batch, NormalisationMode mode = NormalisationMode.Frozen)
    {
        var prepared = DifferentiableModel.Prepare(model, batch, normalisation: mode);
        var loss = Losses.AddCrossEntropy(prepared, prepared.Proto.Graph.Output[0].Name);
        var gradients = prepared.AddGradients(loss, prepared.Weights);
        var weights = prepared.ExposeWeights(prepared.Weights);
        var plain = prepared.Build([loss, .. prepared.Weights.Select(w => gradients[w])]);
        var blocked = plain.Clone();
        Assert.Equal(BlockedKernels.Block > 0, BlockedConvolutions.Apply(blocked));
        var (expected, actual) = (Run(plain, weights), Run(blocked, weights));
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Length, actual[i].Length);
            var largest = Math.Max(1e-3, expected[i].Max(Math.Abs));
            Assert.All(expected[i].Zip(actual[i]), p => Assert.True(Math.Abs(p.First - p.Second) <= 2e-4 * largest,
                $"{plain.Graph.Output[i].Name}: {p.Second} instead of {p.First}"));
        }
    }

    static float[][] Run(ModelProto model, IReadOnlyList<TensorProto> weights)
    {
        using var session = OrtRuntime.CreateSession(model);
        var inputs = new GraphIndex(model.Graph).Inputs;
        var shapes = new InputShapes(inputs);
        var random = new Random(1);
        List<OrtValue> values = [];
        try
        {
            foreach (var input in inputs)
            {
                var shape = shapes.At(input, 1);
                var data = weights.FirstOrDefault(w => w.Name == input.Name) is { } weight ? TensorData.Floats(weight)
                    : [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => input.Name == "targets" ? 0.2f : (float)(2 * random.NextDouble() - 1))];
                values.Add(OrtTensors.FromFloats(data, shape, TensorElementType.Float));
            }
            using var options = new RunOptions();
            string[] outputs = [.. model.Graph.Output.Select(o => o.Name)];
            using var results = session.Run(options, [.. inputs.Select(i => i.Name)], values, outputs);
            return [.. results.Select(OrtTensors.ToFloats)];
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }
}
