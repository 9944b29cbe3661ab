using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class MomentsFitTests
{
    const int Class = 2;

    static readonly ItemSet _images = SmallClassifier.Images(600);
    static readonly StatisticsOptions _only = new() { Activations = false, Grams = false };

    static ItemSet Of(bool forgotten) => _images.Select([.. Enumerable.Range(0, _images.Count).Where(i => _images.Label(i) == Class == forgotten)]);

    // A convolution, its mean, the head: no Relu between.
    static SmallClassifier Straight()
    {
        var b = new GraphBuilder(6);
        var x = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 6, pads: 1, name: "first"));
        return new SmallClassifier(b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(b.Conv(x, 5, pads: 1, name: "outer"))), SmallClassifier.Classes, name: "head")));
    }

    static (NormalisedModel Model, FeatureStage Stage) Opened(SmallClassifier classifier)
    {
        var model = NormalisedModel.Create(classifier.Model.Proto);
        return (model, FeatureStage.Of(model, ClassifierSignature.Of(classifier.Model.Proto).LogitsName));
    }

    static double Distance(NormalisedModel model, FeatureStage stage)
    {
        double[] Mean(ItemSet images)
        {
            using var prefix = new PrefixRunner(model.Proto, ItemLayout.Of(model), images, 50);
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
        return Math.Sqrt(Mean(Of(false)).Zip(Mean(Of(true)), (a, b) => (a - b) * (a - b)).Sum());
    }

    [Theory]
    [InlineData(false, 0.02)]
    [InlineData(true, 0.25)] // What is below the Relu is known as a Gaussian only.
    public void Mean_features_of_class_and_others_meet_without_an_image(bool hasRelu, double most)
    {
        var classifier = hasRelu ? SmallClassifier.Residual() : Straight();
        var statistics = classifier.Collect(_images, _only);
        var (model, stage) = Opened(classifier);
        Assert.Equal(hasRelu, stage.HasRelu);
        var before = Distance(model, stage);
        var said = new MomentsFit(model, stage, statistics, new UnlearnOptions { Classes = [Class] }).Apply();
        Assert.InRange(Distance(model, stage) / before, 0, most);
        Assert.Contains("from the statistics file alone (200 items of what to forget, 400 of others)", said, StringComparison.Ordinal);
    }

    [Fact]
    public void The_model_of_means_is_exact_where_it_was_measured_and_near_beside()
    {
        var classifier = SmallClassifier.Residual();
        var (model, stage) = Opened(classifier);
        var sums = classifier.Collect(_images, _only).Features!;
        var patches = PatchGraph.Of(stage.Last.Unit, model, ItemLayout.Of(model));
        var (weights, bias) = stage.Last.Unit.Read();
        var w = PatchOrder.Get(weights, 0, patches);
        double[] b = Array.ConvertAll(bias, v => (double)v);
        var means = new MeanModel(sums, sums.Sums.Unpack()[Class], Class, true, (double[,])w.Clone(), [.. b]);
        using var prefix = new PrefixRunner(model.Proto, ItemLayout.Of(model), Of(true), 50);
        prefix.Compute([stage.Last.Unit.Input, stage.Last.Other!], TestContext.Current.CancellationToken);
        var match = new MeanMatch(stage, patches, model.Index.Initializer(stage.Last.Unit.Node.Input[1])!.Dims);
        MeanMatch.Means Measured() => match.Measure(prefix, weights, bias, int.MaxValue, TestContext.Current.CancellationToken);

        var (exact, found) = (Measured(), means.At(w, b));
        for (var k = 0; k < stage.Channels; k++) Assert.Equal(exact.Features[k], found.Features[k], 1e-4);
        var random = new SeededNumbers(5);
        for (var k = 0; k < stage.Channels; k++)
        {
            b[k] += 0.1;
            for (var i = 0; i < patches.Rows; i++) w[k, i] += 0.02 * random.Normal();
        }
        PatchOrder.Put(w, weights, 0, patches);
        for (var k = 0; k < bias.Length; k++) bias[k] = (float)b[k];
        var (moved, guessed) = (Measured(), means.At(w, b));
        for (var k = 0; k < stage.Channels; k++)
        {
            var change = moved.Features[k] - exact.Features[k];
            Assert.Equal(moved.Features[k], guessed.Features[k], 0.1 * Math.Abs(change) + 5e-3);
        }
    }

    [Fact]
    public void Statistics_without_sums_by_class_or_without_the_class_are_refused()
    {
        var classifier = SmallClassifier.Residual();
        string Refused(CalibrationStatistics statistics)
        {
            var (model, stage) = Opened(classifier);
            var e = Assert.Throws<OnnxEngineException>(() => new MomentsFit(model, stage, statistics, new UnlearnOptions { Classes = [Class] }));
            Assert.Equal(ErrorKind.Data, e.Kind);
            return e.Message;
        }
        Assert.Contains("run MomentsBundle.Write again", Refused(classifier.Collect(_images, _only with { ClassSums = false })), StringComparison.Ordinal);
        Assert.Contains("without an item of class 2,", Refused(classifier.Collect(Of(false), _only)), StringComparison.Ordinal);
        Assert.Contains("without an item of a class that stays", Refused(classifier.Collect(Of(true), _only)), StringComparison.Ordinal);
    }

    [Fact]
    public void Sums_by_class_are_bounded_and_what_is_left_out_is_said()
    {
        Assert.True(FeatureSums.Bytes(10, 64, 576) < FeatureSums.MostBytes);
        Assert.True(FeatureSums.Bytes(1000, 2048, 512) > FeatureSums.MostBytes);
        var b = new GraphBuilder(6);
        var x = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 6, pads: 1));
        var statistics = new SmallClassifier(b.Build(b.Gemm(b.Flatten(b.MaxPool(x)), SmallClassifier.Classes, name: "head"))).Collect(_images, _only);
        Assert.False(statistics.HasClassSums);
        Assert.Contains("so unlearn cannot re-fit it from this file", Assert.Single(statistics.Skipped).Reason, StringComparison.Ordinal);
    }
}
