using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Surgery.Graph;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ForgetFitTests
{
    const int Class = 1;

    static readonly ItemSet _images = SmallClassifier.Images(600);

    static ItemSet Of(bool forgotten) => _images.Select([.. Enumerable.Range(0, _images.Count).Where(i => _images.Label(i) == Class == forgotten)]);

    // Mean features of the edited model, over the images that stay and those of the class.
    static (double[] Stay, double[] Go) Means(NormalisedModel model, FeatureStage stage)
    {
        double[] Mean(ItemSet images)
        {
            using var prefix = new PrefixRunner(model.Proto, ItemLayout.Of(model), images, 20);
            prefix.Compute([stage.Features], TestContext.Current.CancellationToken);
            var row = new float[stage.Channels];
            var sums = new double[stage.Channels];
            for (var n = 0; n < images.Count; n++)
            {
                prefix.Read(stage.Features, n, 1, row);
                for (var k = 0; k < sums.Length; k++) sums[k] += row[k] / images.Count;
            }
            return sums;
        }
        return (Mean(Of(false)), Mean(Of(true)));
    }

    static double Distance((double[] Stay, double[] Go) means) => Math.Sqrt(means.Stay.Zip(means.Go, (a, b) => (a - b) * (a - b)).Sum());

    [Theory]
    [InlineData(1, 0, 0.05)]
    [InlineData(0.5, 0.4, 0.6)]
    public void Mean_features_of_the_class_come_as_close_to_the_others_as_asked_for(double match, double least, double most)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var source = SmallClassifier.Residual().Model;
        double Fitted(double share)
        {
            var model = NormalisedModel.Create(source.Proto);
            var stage = FeatureStage.Of(model, ClassifierSignature.Of(source.Proto).LogitsName);
            Assert.Equal("outer", stage.Last.Unit.Node.Output[0]);
            using var retained = new PrefixRunner(model.Proto, ItemLayout.Of(model), Of(false), 20);
            using var forgotten = new PrefixRunner(model.Proto, ItemLayout.Of(model), Of(true), 20);
            var fit = new ForgetFit(model, stage, retained, new Dictionary<int, PrefixRunner> { [Class] = forgotten }, new UnlearnOptions { Classes = [Class] }, cancellation);
            fit.Apply(0.5, 1, share, cancellation);
            return Distance(Means(model, stage));
        }
        Assert.InRange(Fitted(match) / Fitted(0), least, most);
    }

    [Theory]
    [InlineData("HardSwish")]
    [InlineData("Sigmoid")]
    public void Mean_features_meet_behind_other_activations_too(string activation)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var b = new GraphBuilder(5);
        var x = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 6, pads: 1));
        var source = b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(b.Unary(activation, b.Conv(x, 6, pads: 1)))), SmallClassifier.Classes));
        var model = NormalisedModel.Create(source);
        var stage = FeatureStage.Of(model, ClassifierSignature.Of(source).LogitsName);
        Assert.NotNull(stage.Curve);
        var before = Distance(Means(model, stage));
        using var retained = new PrefixRunner(model.Proto, ItemLayout.Of(model), Of(false), 20);
        using var forgotten = new PrefixRunner(model.Proto, ItemLayout.Of(model), Of(true), 20);
        new ForgetFit(model, stage, retained, new Dictionary<int, PrefixRunner> { [Class] = forgotten }, new UnlearnOptions { Classes = [Class] }, cancellation).Apply(0.5, 1, 1, cancellation);
        Assert.InRange(Distance(Means(model, stage)) / before, 0, 0.1);
    }

    [Fact]
    public void Moved_features_put_the_class_behind_by_the_margin_and_stay_possible()
    {
        var source = SmallClassifier.Residual().Model;
        var model = NormalisedModel.Create(source.Proto);
        var stage = FeatureStage.Of(model, ClassifierSignature.Of(source.Proto).LogitsName);
        var numbers = new SeededNumbers(2);
        float[][] Rows(int count, float shift) => [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, stage.Channels).Select(k => Math.Abs((float)numbers.Normal()) + 5 + (k == 2 ? shift : 0)).ToArray())];
        var (stay, go) = (Rows(50, 0), Rows(20, 1));
        var move = new FeatureMove(stage, stay, new Dictionary<int, float[][]> { [Class] = go });
        foreach (var row in go)
        {
            var moved = move.Of(row, Class, 0.7);
            var logits = move.Logits(moved);
            Assert.True(logits[Class] <= logits.Where((_, c) => c != Class).Max() - 0.7 + 1e-4);
            Assert.All(moved, v => Assert.True(v >= 0));
        }
    }
}
