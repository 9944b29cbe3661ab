using OnnxEdit.Engine.Refit;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class FeatureStageTests
{
    static FeatureStage Stage(Func<GraphBuilder, string, string> tail, long? batch = null)
    {
        var b = new GraphBuilder(3) { Batch = batch };
        var y = tail(b, b.Conv(b.Relu(b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "first")), 4, pads: 1, name: "last"));
        return FeatureStage.Of(NormalisedModel.Create(b.Build(y)), y);
    }

    [Fact]
    public void Relu_and_global_pooling_are_seen_through()
    {
        var stage = Stage((b, t) => b.Gemm(b.Flatten(b.GlobalAveragePool(b.Relu(t))), 3, name: "head"));
        Assert.Equal((true, 4, 36, false), (stage.HasRelu, stage.Channels, stage.Positions, stage.ChannelsLast));
        Assert.Equal("last", stage.Last.Unit.Node.Output[0]);
        Assert.Equal("head", stage.Classifier.Node.Output[0]);
        var (weights, bias) = stage.Classifier.Read();
        for (var c = 0; c < 3; c++)
        {
            Assert.Equal(bias[c], stage.Bias[c], 1e-5f);
            for (var k = 0; k < 4; k++) Assert.Equal(weights[c, k], stage.Weights[c, k], 1e-5f);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1L)]
    public void A_normalisation_after_the_pooling_is_part_of_the_head(long? batch)
    {
        var stage = Stage((b, t) => b.Gemm(b.Flatten(b.BatchNorm(b.GlobalAveragePool(t))), 3), batch);
        Assert.Equal((false, 4), (stage.HasRelu, stage.Channels));
    }

    [Fact]
    public void Hidden_units_of_a_perceptron_are_features_of_one_position()
    {
        var stage = Stage((b, t) => b.Gemm(b.Relu(b.Gemm(b.Flatten(t), 7, name: "hidden")), 3));
        Assert.Equal((true, 7, 1), (stage.HasRelu, stage.Channels, stage.Positions));
        Assert.Equal("hidden", stage.Last.Unit.Node.Output[0]);
    }

    [Fact]
    public void Of_two_convolutions_into_the_last_sum_the_one_that_sees_more_is_taken()
    {
        var b = new GraphBuilder(3);
        var x = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1));
        var wide = b.Conv(x, 4, pads: 1, name: "wide");
        var shortcut = b.Conv(x, 4, kernel: 1, name: "shortcut");
        var y = b.Gemm(b.Flatten(b.GlobalAveragePool(b.Relu(b.Add(wide, shortcut, "sum")))), 3);
        var stage = FeatureStage.Of(NormalisedModel.Create(b.Build(y)), y);
        Assert.Equal(("wide", "sum", "shortcut"), (stage.Last.Unit.Node.Output[0], stage.Last.Tensor, stage.Last.Other));
    }

    [Fact]
    public void A_branch_that_joins_behind_is_refused_and_not_an_error_of_another_kind()
    {
        var b = new GraphBuilder(3);
        var x = b.Input("x", 3, 6, 6);
        var first = b.Relu(b.Conv(x, 4, pads: 1));
        var y = b.Gemm(b.Flatten(b.GlobalAveragePool(b.Mul(first, b.Conv(first, 4, pads: 1, name: "last")))), 3);
        Assert.Equal(ErrorKind.Model, Assert.Throws<OnnxEngineException>(() => FeatureStage.Of(NormalisedModel.Create(b.Build(y)), y)).Kind);
    }

    [Theory]
    [InlineData("HardSwish")]
    [InlineData("LeakyRelu")]
    [InlineData("Sigmoid")]
    [InlineData("Swish")]
    public void Other_activations_are_known_by_their_values(string activation)
    {
        var stage = Stage((b, t) => b.Gemm(b.Flatten(b.GlobalAveragePool(activation == "Swish" ? b.Mul(t, b.Unary("Sigmoid", t)) : b.Unary(activation, t))), 3, name: "head"));
        Assert.False(stage.HasRelu);
        double Exact(double y) => activation switch
        {
            "HardSwish" => y * Math.Clamp(y / 6 + 0.5, 0, 1),
            "LeakyRelu" => y < 0 ? 0.01 * y : y,
            "Sigmoid" => 1 / (1 + Math.Exp(-y)),
            _ => y / (1 + Math.Exp(-y)),
        };
        foreach (var y in new[] { -3.21, -0.4, 0.3, 2.57, 9.1 })
        {
            Assert.Equal(Exact(y), stage.Curve!.At((float)y), 1e-4);
            Assert.Equal((Exact(y + 1e-3) - Exact(y - 1e-3)) / 2e-3, stage.Curve.Slope((float)y), 5e-3);
        }
        if (activation == "LeakyRelu") Assert.Equal(100, stage.Curve!.At(100), 1e-3);
    }

    [Fact]
    public void A_body_that_ends_in_something_else_is_refused_by_name()
    {
        var e = Assert.Throws<OnnxEngineException>(() => Stage((b, t) => b.Gemm(b.Flatten(b.MaxPool(t)), 3)));
        Assert.Equal(ErrorKind.Model, e.Kind);
        Assert.Contains("Conv 'last'", e.Message, StringComparison.Ordinal);
    }
}
