using OnnxEdit.Engine.Statistics;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Kernels.Moments;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class CalibrationStatisticsTests
{
    static readonly StatisticsOptions _points = new() { Grams = false, IndependenceImages = 0 };

    static double[] Means(CalibrationStatistics statistics, string id) =>
        statistics.Points.Values.First(p => p.Id == id).Features.First(f => f.Feature == PooledFeature.Mean).Moments is var m
            ? [.. Enumerable.Range(0, SmallClassifier.Classes).SelectMany(k => Enumerable.Range(0, m.Channels).Select(c => m.MeanOf(c, k)))]
            : [];

    [Fact]
    public void Points_are_what_linear_operators_read()
    {
        var statistics = SmallClassifier.Residual().Collect(SmallClassifier.Images(12));
        Assert.Equal(["stem_relu", "inner_relu", "flatten_0"], statistics.Points.Values.Select(p => p.Id).Select(id => id == "globalaveragepool_0" ? "flatten_0" : id));
        Assert.Equal(["inner", "outer", "head"], statistics.Units.Select(u => u.Node));
        Assert.Empty(statistics.Skipped);
        Assert.Equal([4, 4, 4], statistics.ClassCounts);
    }

    [Fact]
    public void Means_are_those_of_the_activations()
    {
        var model = SmallClassifier.Colours(SmallClassifier.Identity);
        var images = SmallClassifier.Images(30, 4);
        var pixels = new float[images.Count * images.ItemLength];
        images.Fill(0, images.Count, pixels);
        var means = Means(model.Collect(images, _points), "globalaveragepool_0");
        for (var k = 0; k < 3; k++)
            for (var c = 0; c < 4; c++)
            {
                var own = Enumerable.Range(0, 30).Where(n => n % 3 == k).SelectMany(n => pixels[(n * 144 + c * 36)..(n * 144 + c * 36 + 36)]);
                Assert.Equal(own.Average(), means[k * 4 + c], 1e-5);
            }
    }

    [Theory]
    [InlineData(7, null)]
    [InlineData(50, 4L)]
    [InlineData(50, 1L)]
    public void The_batch_size_does_not_matter(int batch, long? fixedBatch)
    {
        var images = SmallClassifier.Images(30);
        var expected = SmallClassifier.Residual().Collect(images, _points);
        var found = SmallClassifier.Residual(fixedBatch).Collect(images, _points with { Batch = batch });
        Assert.Equal(expected.ClassCounts, found.ClassCounts);
        foreach (var point in expected.Points.Values)
            Assert.All(Means(expected, point.Id).Zip(Means(found, point.Id)), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void Without_labels_the_model_classifies_the_images_itself()
    {
        var model = SmallClassifier.Residual();
        var statistics = model.Collect(SmallClassifier.Images(40, isLabelled: false), _points);
        Assert.Equal(LabelSource.Predictions, statistics.Labels);
        Assert.Contains("predicted by the model", statistics.Description, StringComparison.Ordinal);
        var predicted = new int[SmallClassifier.Classes];
        using var session = new ClassifierSession(model.Model);
        session.Run(SmallClassifier.Images(40, isLabelled: false), (_, count, logits) =>
        {
            for (var i = 0; i < count; i++)
            {
                var own = logits.Slice(i * 3, 3).ToArray();
                predicted[Array.IndexOf(own, own.Max())]++;
            }
        }, null, TestContext.Current.CancellationToken);
        Assert.Equal(predicted, statistics.ClassCounts);
    }

    [Fact]
    public void Labels_of_the_data_are_used_where_there_are_any() =>
        Assert.Equal(LabelSource.Data, SmallClassifier.Residual().Collect(SmallClassifier.Images(9), _points).Labels);

    [Fact]
    public void A_half_precision_model_is_measured_without_Gram_sums()
    {
        var images = SmallClassifier.Images(20);
        var expected = SmallClassifier.Residual().Collect(images, _points);
        var found = SmallClassifier.Residual(type: 10).Collect(images);
        Assert.Equal(["inner", "outer", "head"], found.Skipped.Select(s => s.Node));
        Assert.All(Means(expected, "inner_relu").Zip(Means(found, "inner_relu")), pair => Assert.Equal(pair.First, pair.Second, 1e-2));
    }

    [Fact]
    public void Units_with_large_patches_are_skipped_and_named()
    {
        var statistics = SmallClassifier.Residual().Collect(SmallClassifier.Images(9), new StatisticsOptions { LargestGram = 50 });
        Assert.Equal(["outer", "head"], statistics.Units.Select(u => u.Node));
        var skipped = Assert.Single(statistics.Skipped);
        Assert.Equal(("inner", true), (skipped.Node, skipped.Reason.Contains("54 rows", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_flattened_map_is_measured_before_it_is_flattened()
    {
        var b = new GraphBuilder(1);
        var maps = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 5), "maps");
        var model = new SmallClassifier(b.Build(b.Gemm(b.Flatten(maps), 3)));
        Assert.Equal(("maps", 5), Assert.Single(model.Collect(SmallClassifier.Images(9)).Points.Values) is var p ? (p.Id, p.Channels) : default);
    }

    [Fact]
    public void Maps_too_large_to_keep_are_coarsened()
    {
        // Two classes, one channel of 8 positions: [1 x 4, 0 x 4] against [0 x 4, 1 x 4], kept as 2 cells.
        var maps = new ClassMeanMaps(2, 1, 8, room: 4);
        maps.Add([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1], new ActivationShape(2, 1, 8), [0, 1]);
        Assert.Equal([1], maps.Distances());
    }

    [Fact]
    public void Channels_on_any_axis_are_found()
    {
        // [2 images, 2 outer, 3 channels, 2 inner].
        var values = Enumerable.Range(0, 24).Select(i => (float)i).ToArray();
        var arranged = new ActivationArrangement(2).Arrange(values, [2, 2, 3, 2], out var layout);
        Assert.Equal(new ActivationShape(2, 3, 4), layout);
        Assert.Equal([0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11], arranged[..12].ToArray());
        _ = new ActivationArrangement(3).Arrange(values, [2, 2, 3, 2], out layout);
        Assert.Equal(new ActivationShape(2, 2, 6, ActivationLayout.ChannelsLast), layout);
    }
}
