using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class AnswerGraphTests
{
    // Two examples of [2,3].
    static readonly float[] _values = [1, 5, 2, 0, -1, 3, 2, 2, 2, 7, 0, 6];

    static ModelProto Model(int opset)
    {
        var b = new GraphBuilder(1, opset);
        return b.Build(b.Unary("Identity", b.Input("x", 2, 3), "y"));
    }

    static float[] Run(ModelProto model, params (string Name, float[] Values, long[] Shape)[] further)
    {
        using var session = OrtRuntime.CreateSession(model);
        using var options = new RunOptions();
        (string Name, float[] Values, long[] Shape)[] all = [("x", _values, [2, 2, 3]), .. further];
        OrtValue[] inputs = [.. all.Select(input => OrtValue.CreateTensorValueFromMemory(input.Values, input.Shape))];
        using var results = session.Run(options, [.. all.Select(input => input.Name)], inputs, [AnswerGraph.Output]);
        foreach (var input in inputs) input.Dispose();
        Assert.Equal([2, 2], results[0].GetTensorTypeAndShape().Shape);
        var found = results[0].GetTensorDataAsSpan<float>().ToArray();
        Assert.Equal((0, 0), (found[1], found[3]));
        return [found[0], found[2]];
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(18)]
    public void Values_are_added_up_by_weights_and_positions_by_shares(int opset)
    {
        float[] weights = [1, 0, 0, 0, 0, 2, 0, 1, 0, -1, 0, 0];
        Assert.Equal([7, -5], Run(AnswerGraph.Adapt(Model(opset), new("y", [2, 3], AnswerForm.Sum)), (AnswerReading.Weights, weights, [2, 6, 1])));
        var pooled = AnswerGraph.Adapt(Model(opset), new("y", [2, 3], AnswerForm.Pooled));
        // (1 0.5, 5 0.5 + -1 0.5, ...) with (1, 1, 0); the second position of the other alone with (0, 0, 2).
        Assert.Equal([2.5f, 12], Run(pooled, (AnswerReading.Weights, [1, 1, 0, 0, 0, 2], [2, 3, 1]), (AnswerReading.Shares, [0.5f, 0.5f, 0, 1], [2, 1, 2])));
    }

    [Theory]
    [InlineData(11, 1)]
    [InlineData(13, 1)]
    [InlineData(18, 1)]
    [InlineData(17, 0)]
    public void A_margin_is_the_mean_over_the_places_that_count(int opset, int classAxis)
    {
        var reading = new AnswerReading("y", [2, 3], AnswerForm.Margin, classAxis);
        var places = reading.Places.Single();
        // By rows: 5 - 2 and 3 - 0, then 2 - 2 alone. By columns: 1 - 0, -1 - 5 and 3 - 2; then 7 - 2 alone.
        (float[] classes, float[] shares, float[] wanted) = classAxis == 1
            ? ((float[])[1, 2, 0, 0], (float[])[0.5f, 0.5f, 1, 0], (float[])[3, 0])
            : ([0, 1, 1, 1, 0, 0], [0.25f, 0.5f, 0.25f, 1, 0, 0], [0.25f - 3 + 0.25f, 5]);
        Assert.Equal(wanted, Run(AnswerGraph.Adapt(Model(opset), reading), (AnswerReading.Weights, classes, [2, places]), (AnswerReading.Shares, shares, [2, places, 1])));
    }

    [Fact]
    public void What_was_adapted_can_be_as_it_was()
    {
        var model = Model(17);
        var restored = AnswerGraph.Restore(AnswerGraph.Adapt(model, new("y", [2, 3], AnswerForm.Margin, 1)), model.Graph.Output);
        Assert.Equal(model.Graph.Node, restored.Graph.Node);
        Assert.Equal(model.Graph.Input, restored.Graph.Input);
        Assert.Equal(model.Graph.Output, restored.Graph.Output);
        Assert.Empty(restored.Graph.Initializer);
    }
}
