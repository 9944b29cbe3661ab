using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Graph;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class MeanMatchTests
{
    [Fact]
    public void Derivatives_of_the_mean_features_are_those_of_finite_differences()
    {
        var model = NormalisedModel.Create(SmallClassifier.Residual().Model.Proto);
        var stage = FeatureStage.Of(model, ClassifierSignature.Of(model.Proto).LogitsName);
        var patches = PatchGraph.Of(stage.Last.Unit, model, ItemLayout.Of(model));
        using var prefix = new PrefixRunner(model.Proto, ItemLayout.Of(model), SmallClassifier.Images(60), 20);
        prefix.Compute([stage.Last.Unit.Input, stage.Last.Other!], TestContext.Current.CancellationToken);
        var match = new MeanMatch(stage, patches, model.Index.Initializer(stage.Last.Unit.Node.Input[1])!.Dims);
        var (weights, bias) = stage.Last.Unit.Read();
        double[] Features() => match.Measure(prefix, weights, bias, int.MaxValue, TestContext.Current.CancellationToken).Features;
        var derivatives = match.Measure(prefix, weights, bias, int.MaxValue, TestContext.Current.CancellationToken).Derivatives;
        const float Step = 1e-3f;
        foreach (var (k, channel, tap) in new[] { (0, 0, 0), (2, 3, 4), (5, 4, 8) })
        {
            weights[k, channel * patches.Taps + tap] += Step;
            var above = Features()[k];
            weights[k, channel * patches.Taps + tap] -= 2 * Step;
            var below = Features()[k];
            weights[k, channel * patches.Taps + tap] += Step;
            Assert.Equal((above - below) / (2 * Step), derivatives[k][PatchOrder.Row(channel, tap, patches.InChannels)], 0.02);
        }
        bias[1] += Step;
        var up = Features()[1];
        bias[1] -= 2 * Step;
        Assert.Equal((up - Features()[1]) / (2 * Step), derivatives[1][patches.Rows], 0.02);
    }
}
