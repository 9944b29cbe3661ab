using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tests;

public sealed class ReluAwareResidualTests
{
    // Target, prediction and original (target + the other operand of the sum) of one value.
    [Theory]
    [InlineData(2, 1.5, 2, 0.5)]
    [InlineData(2, 2.5, 2, -0.5)]
    [InlineData(-1, -3, -1, 0)]
    [InlineData(-1, -0.2, -1, 0)]
    [InlineData(-1, 0.5, -1, -0.5)]
    [InlineData(0, -0.5, 0, 0)]
    [InlineData(0.75, 1, 0, -0.25)]
    [InlineData(0.75, 0.5, -0.5, 0)]
    [InlineData(-3, -2, 1, -1)]
    public void Only_what_the_relu_lets_through_counts(float target, float prediction, float original, float expected)
    {
        Assert.Equal(expected, Residual(target, prediction, original), 1e-6f);
        Assert.Equal(target - prediction, Residual(target, prediction, null), 1e-6f);
    }

    static float Residual(float target, float prediction, float? original)
    {
        var model = InternalGraph.Create();
        InternalGraph.Input(model.Graph, "prediction", DataType.Float, 2);
        ReluAwareResidual.AddInputs(model.Graph, 2, original is not null);
        InternalGraph.Output(model.Graph, ReluAwareResidual.AddResidual(model.Graph, "prediction", "target", original is null ? null : "original"));
        using var runner = new BatchRunner(model);
        var found = float.NaN;
        BatchInput One(float value) => new([value], [1, 1]);
        runner.Run([One(prediction), One(target), .. original is { } o ? [One(o)] : Array.Empty<BatchInput>()], (_, values, _) => found = values[0]);
        return found;
    }
}
