using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class ReverseWalkTests
{
    [Fact]
    public void An_operator_without_a_rule_is_named_with_the_nearest_cut_behind_it()
    {
        var b = new GraphBuilder(1);
        var x = b.Conv(b.Input("x", 3, 8, 8), 4, name: "first");
        var rolled = b.Op("CumSum", [x, b.Floats("axis", [], 1)], b.Shape(x), "rolled");
        b.Add(b.Relu(rolled, "a"), b.Unary("Tanh", rolled, "t"), "joined");
        var model = b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool("joined", "pooled"), "features"), 10, name: "scores"));
        model.Graph.Initializer.First(t => t.Name == "axis").MergeFrom(TensorData.FromIntegers("axis", [], [1]));
        model.Graph.Initializer.First(t => t.Name == "axis").RawData = TensorData.FromIntegers("axis", [], [1]).RawData;

        var prepared = DifferentiableModel.Prepare(model, 2);
        var error = Assert.Throws<OnnxSurgeryException>(() => prepared.AddGradients("scores", ["first.weight"]));
        Assert.Equal("No gradient is known for CumSum 'rolled'; a head cut at 'rolled' leaves it out.", error.Message);
        // And that cut does work.
        var head = ModelCut.Cut(NormalisedModel.Create(model), "rolled").Suffix;
        var headModel = DifferentiableModel.Prepare(head, 2);
        Assert.Equal("scores.weight", Assert.Single(headModel.AddGradients("scores", ["scores.weight"])).Key);
    }

    [Fact]
    public void Weights_that_nothing_depends_on_have_zero_gradients()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3);
        var model = b.Build(b.Gemm(x, 2, name: "used"), b.Gemm(x, 4, name: "other"));
        var prepared = DifferentiableModel.Prepare(model, 2);
        var gradients = prepared.AddGradients("used", ["other.weight", "used.bias"]);
        var result = Run(prepared.Build([gradients["other.weight"], gradients["used.bias"]]), [("x", [1, 2, 3, 4, 5, 6], [2, 3])]);
        Assert.Equal(new float[12], result[0]);
        Assert.Equal([2, 2], result[1]);
    }

    [Fact]
    public void Gradients_can_be_taken_with_respect_to_a_tensor_in_the_middle()
    {
        var b = new GraphBuilder(1);
        var hidden = b.Unary("Exp", b.Input("x", 2), "hidden");
        var prepared = DifferentiableModel.Prepare(b.Build(b.Mul(hidden, hidden, "y")), 1);
        var result = Run(prepared.Build([prepared.AddGradients("y", ["hidden"])["hidden"]]), [("x", [0, 1], [1, 2])]);
        Assert.Equal(2, result[0][0], 1e-5);
        Assert.Equal(2 * Math.E, result[0][1], 1e-5);
    }

    [Fact]
    public void A_fixed_batch_is_not_overruled()
    {
        var b = new GraphBuilder(1) { Batch = 1 };
        var model = b.Build(b.Gemm(b.Input("x", 3), 2));
        Assert.Contains("fixed at 1", Assert.Throws<OnnxSurgeryException>(() => DifferentiableModel.Prepare(model, 8)).Message);
    }

    [Fact]
    public void Trained_parameters_are_weights_and_biases_but_no_running_statistics()
    {
        var b = new GraphBuilder(1);
        var x = b.BatchNorm(b.Conv(b.Input("x", 3, 8, 8), 4, bias: false, name: "c"), "n");
        var model = b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(x)), 10, name: "g"));
        Assert.Equal(["c.weight", "n.gamma", "n.beta", "g.weight", "g.bias"], DifferentiableModel.Prepare(model, 1).Weights);
    }

    [Fact]
    public void The_gradient_of_the_cross_entropy_is_softmax_minus_target()
    {
        var b = new GraphBuilder(1);
        var prepared = DifferentiableModel.Prepare(b.Build(b.Unary("Identity", b.Input("x", 3), "logits")), 2);
        var loss = Losses.AddCrossEntropy(prepared, "logits", "targets", temperature: 2);
        var result = Run(prepared.Build([loss, prepared.AddGradients(loss, ["x"])["x"]]),
            [("x", [2, 0, 4, 1, 1, 1], [2, 3]), ("targets", [1, 0, 0, 0, 0.5f, 0.5f], [2, 3])]);
        double[] exp = [Math.E, 1, Math.E * Math.E];
        var soft = exp.Select(e => e / exp.Sum()).ToArray();
        // T^2 / n times (softmax(x / T) - target) / T
        for (var i = 0; i < 3; i++) Assert.Equal(soft[i] - (i == 0 ? 1 : 0), result[1][i], 1e-5);
        Assert.Equal(1.0 / 3 - 0.5, result[1][4], 1e-5);
        Assert.Equal(4 / 2 * (-Math.Log(soft[0]) + Math.Log(3)), result[0][0], 1e-4);
    }

    static float[][] Run(Surgery.Proto.ModelProto model, (string Name, float[] Values, long[] Shape)[] inputs)
    {
        using var session = OrtRuntime.CreateSession(model);
        var values = inputs.Select(i => OrtValue.CreateTensorValueFromMemory(i.Values, i.Shape)).ToArray();
        try
        {
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
