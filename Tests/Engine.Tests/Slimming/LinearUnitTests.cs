using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class LinearUnitTests
{
    public static TheoryData<string> Forms => ["conv", "conv without bias", "conv-bn", "conv-bn without bias", "grouped", "gemm", "gemm transB", "gemm without bias", "matmul-add"];

    static ModelProto Build(string form)
    {
        var b = new GraphBuilder(8);
        string Maps() => b.Input("x", 4, 5, 5);
        return b.Build(form switch
        {
            "conv" => b.Conv(Maps(), 6, name: "unit"),
            "conv without bias" => b.Conv(Maps(), 6, bias: false, name: "unit"),
            "conv-bn" => b.BatchNorm(b.Conv(Maps(), 6, name: "unit")),
            "conv-bn without bias" => b.BatchNorm(b.Conv(Maps(), 6, bias: false, name: "unit")),
            "grouped" => b.BatchNorm(b.Conv(Maps(), 6, group: 2, name: "unit")),
            "gemm" => b.Gemm(b.Input("x", 7), 6, transB: false, name: "unit"),
            "gemm transB" => b.Gemm(b.Input("x", 7), 6, name: "unit"),
            "gemm without bias" => b.Gemm(b.Input("x", 7), 6, bias: false, name: "unit"),
            _ => b.Add(b.MatMul(b.Input("x", 3, 7), 6, name: "unit"), b.Weight("shift", [6])),
        });
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Writing_what_was_read_keeps_outputs_equal(string form)
    {
        var model = Build(form);
        var before = Output(model);
        var unit = Unit(model);
        var (weights, bias) = unit.Read();
        unit.Write(weights, bias);
        Close(before, Output(model));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Written_weights_and_bias_take_effect(string form)
    {
        var model = Build(form);
        var before = Output(model);
        var unit = Unit(model);
        var (weights, bias) = unit.Read();
        for (var o = 0; o < bias.Length; o++)
        {
            bias[o] = 2 * bias[o] + 0.5f;
            for (var i = 0; i < weights.GetLength(1); i++) weights[o, i] *= 2;
        }
        unit.Write(weights, bias);
        Close([.. before.Select(v => 2 * v + 0.5f)], Output(model));
        // A second unit over the same graph reads what was written.
        var (again, shift) = Unit(model).Read();
        Close([.. weights.Cast<float>()], [.. again.Cast<float>()]);
        Close(bias, shift);
    }

    [Fact]
    public void A_channel_with_gamma_zero_can_be_brought_back()
    {
        var model = Build("conv-bn");
        var gamma = model.Graph.Initializer.Single(t => t.Name.EndsWith(".gamma", StringComparison.Ordinal));
        TensorData.SetFloats(gamma, [.. TensorData.Floats(gamma).Select((g, i) => i == 2 ? 0 : g)]);
        var unit = Unit(model);
        var (weights, bias) = unit.Read();
        Assert.All(Enumerable.Range(0, weights.GetLength(1)), i => Assert.Equal(0, weights[2, i]));
        for (var i = 0; i < weights.GetLength(1); i++) weights[2, i] = weights[4, i];
        bias[2] = bias[4];
        unit.Write(weights, bias);
        var output = Output(model);
        var each = output.Length / 2 / 6;
        for (var n = 0; n < 2; n++) Close(output[((n * 6 + 4) * each)..((n * 6 + 5) * each)], output[((n * 6 + 2) * each)..((n * 6 + 3) * each)]);
    }

    [Fact]
    public void A_bias_that_another_node_reads_too_is_not_written_over()
    {
        var b = new GraphBuilder(9);
        var x = b.Input("x", 7);
        var first = b.Op("Gemm", [x, b.Weight("w1", [7, 5], 7), b.Weight("shared", [5])], [1, 5], "unit");
        var second = b.Op("Gemm", [x, b.Weight("w2", [7, 5], 7), "shared"], [1, 5], "other");
        var model = b.Build(first, second);
        var before = Output(model, 1);
        var unit = Unit(model);
        var (weights, bias) = unit.Read();
        unit.Write(weights, [.. bias.Select(v => v + 1)]);
        Close(before, Output(model, 1));
    }

    static LinearUnit Unit(ModelProto model) =>
        LinearUnit.Of(model.Graph.Node.Single(n => n.Output[0] == "unit"), model.Graph, new GraphIndex(model.Graph))!;

    static float[] Output(ModelProto model, int number = 0)
    {
        using var runner = new BatchRunner(model);
        long[] shape = [2, .. NormalisedModel.Create(model).Trace.Shape("x").Skip(1)];
        float[]? found = null;
        runner.Run([new(new SeededNumbers(6).Floats(shape.Aggregate((a, c) => a * c)), shape)], (o, values, _) => found = o == number ? values.ToArray() : found);
        return found!;
    }

    static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var scale = 1e-5f * Math.Max(1, expected.Max(Math.Abs));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, scale));
    }
}
