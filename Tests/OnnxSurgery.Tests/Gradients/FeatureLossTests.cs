using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class FeatureLossTests
{
    static readonly float[] _features = [1, 2, 0, -1, 3, 0.5f, 2, -2, 1];

    // What the loss is, written out.
    static double Reference(double[] x, double[] target, FeatureComparison comparison)
    {
        var compared = x;
        if (comparison == FeatureComparison.Similarities)
        {
            compared = new double[9];
            for (var i = 0; i < 3; i++)
                for (var j = 0; j < 3; j++)
                    for (var k = 0; k < 3; k++) compared[3 * i + j] += x[3 * i + k] * x[3 * j + k];
            for (var i = 0; i < 3; i++)
            {
                var length = Math.Sqrt(compared[(3 * i)..(3 * i + 3)].Sum(v => v * v));
                for (var j = 0; j < 3; j++) compared[3 * i + j] /= length;
            }
        }
        return compared.Zip(target, (a, b) => (a - b) * (a - b)).Sum() / target.Sum(t => t * t);
    }

    [Theory]
    [InlineData("Elements")]
    [InlineData("Similarities")]
    public void The_loss_and_its_gradient_are_those_of_the_formula(string how)
    {
        var comparison = Enum.Parse<FeatureComparison>(how);
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3);
        var prepared = DifferentiableModel.Prepare(b.Build(b.Unary("Identity", x, "features")), 3);
        var error = FeatureLosses.AddRelativeError(prepared, "features", "wanted", comparison);
        var loss = FeatureLosses.AddSum(prepared, error, 2, [error]);
        var gradient = prepared.AddGradients(loss, ["x"])["x"];
        float[] wanted = [0.5f, 1, 0, 0, 2, 1, 1, -1, 0.5f];
        using var session = OrtRuntime.CreateSession(prepared.Build([loss, gradient]));
        using var values = OrtValue.CreateTensorValueFromMemory(_features, [3, 3]);
        using var target = OrtValue.CreateTensorValueFromMemory(wanted, [3, 3]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["x", "wanted"], [values, target], [loss, gradient]);

        double[] point = [.. _features], goal = [.. wanted];
        Assert.Equal(3 * Reference(point, goal, comparison), results[0].GetTensorDataAsSpan<float>()[0], 1e-5);
        for (var i = 0; i < point.Length; i++)
        {
            double At(double by) => 3 * Reference([.. point.Select((v, k) => k == i ? v + by : v)], goal, comparison);
            Assert.Equal((At(1e-5) - At(-1e-5)) / 2e-5, results[1].GetTensorDataAsSpan<float>()[i], 1e-4);
        }
    }

    // Three items of three positions with two numbers each; the second number of each position is of another kind.
    [Fact]
    public void Positions_borders_and_a_given_scale_count_as_said()
    {
        float[] values = [.. Enumerable.Range(1, 18).Select(i => i % 7 - 2.5f)], wanted = [.. Enumerable.Range(1, 18).Select(i => i % 5 - 1.5f)], mask = [1, 1, 0, 1, 0, 0, 1, 1, 1];
        for (var i = 0; i < wanted.Length; i++)
            if (mask[i / 2] == 0) wanted[i] = 0;

        double Part(Func<int, bool> counts, Func<int, double> of) => Enumerable.Range(0, 18).Where(i => mask[i / 2] != 0 && counts(i)).Sum(of);
        double Error(Func<int, bool> counts) => Part(counts, i => (values[i] - wanted[i]) * (values[i] - wanted[i]));
        double Squares(Func<int, bool> counts) => Part(counts, i => wanted[i] * wanted[i]);
        static bool All(int i) => true;
        static bool Even(int i) => i % 2 == 0;
        static bool Odd(int i) => i % 2 == 1;

        Assert.Equal(Error(All) / Squares(All), Loss(null, null), 1e-5);
        Assert.Equal(Error(All) / 8, Loss(8, null), 1e-5);
        Assert.Equal(Error(Even) / Squares(Even) + Error(Odd) / Squares(Odd), Loss(null, (2, 1)), 1e-5);

        double Loss(double? squares, (int, int)? border)
        {
            var b = new GraphBuilder(1);
            var prepared = DifferentiableModel.Prepare(b.Build(b.Unary("Identity", b.Input("x", 3, 2), "features"), b.Unary("Identity", b.Input("mask", 3), "read")), 3);
            var loss = FeatureLosses.AddRelativeError(prepared, "features", "wanted", FeatureComparison.Elements, "mask", squares, border);
            var gradient = prepared.AddGradients(loss, ["x"])["x"];
            using var session = OrtRuntime.CreateSession(prepared.Build([loss, gradient]));
            using var x = OrtValue.CreateTensorValueFromMemory(values, [3, 3, 2]);
            using var weights = OrtValue.CreateTensorValueFromMemory(mask, [3, 3]);
            using var target = OrtValue.CreateTensorValueFromMemory(wanted, [3, 3, 2]);
            using var options = new RunOptions();
            using var results = session.Run(options, ["x", "mask", "wanted"], [x, weights, target], [loss, gradient]);
            var slopes = results[1].GetTensorDataAsSpan<float>();
            for (var i = 0; i < values.Length; i++)
            {
                bool SameKind(int other) => border is null || other % 2 == i % 2;
                Assert.Equal(mask[i / 2] * 2 * (values[i] - wanted[i]) / (squares ?? Squares(SameKind)), slopes[i], 1e-5);
            }
            return results[0].GetTensorDataAsSpan<float>()[0];
        }
    }
}
