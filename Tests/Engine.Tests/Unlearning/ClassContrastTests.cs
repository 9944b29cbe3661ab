using OnnxEdit.Engine.Statistics;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Kernels.Moments;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ClassContrastTests
{
    const int Class = 2;

    // Channels: larger on class 2 only; different on every class; noise; smaller on class 2 only.
    static double[] Contrasts(int images, params int[] forgotten)
    {
        var random = new SeededNumbers(3);
        int[] labels = [.. Enumerable.Range(0, images).Select(i => i % 4)];
        float[] values = [.. labels.SelectMany(l => new[] { 5.0 * (l == Class ? 1 : 0), 5.0 * l, 0, -5.0 * (l == Class ? 1 : 0) }.Select(m => (float)(m + random.Normal())))];
        using var backend = new SimdBackend(1);
        var layer = new LayerStatistics(4, 4, backend);
        layer.Add(values, new ActivationShape(images, 4, 1), labels);
        layer.Complete();
        return ClassContrast.Of(new PointStatistics("point", "tensor", layer.Features, null, null), forgotten);
    }

    [Fact]
    public void A_channel_that_only_the_class_drives_up_stands_out()
    {
        var contrasts = Contrasts(4000, Class);
        Assert.InRange(contrasts[0], 0.7, 1);
        Assert.All(contrasts[1..], c => Assert.True(c < 0, $"{c}"));
    }

    [Fact]
    public void With_few_images_nothing_is_sure() => Assert.All(Contrasts(40, Class), c => Assert.True(c <= 0, $"{c}"));

    [Fact]
    public void A_channel_that_serves_two_forgotten_classes_need_not_be_kept_for_either()
    {
        // Channel 1 tells classes 0 and 1 apart as well, so it stays; channel 0 goes with its class.
        var contrasts = Contrasts(4000, Class, 3);
        Assert.True(contrasts[0] > 0 && contrasts[1] < 0);
    }
}
