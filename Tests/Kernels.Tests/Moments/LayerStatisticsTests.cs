using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

public sealed class LayerStatisticsTests
{
    static readonly ActivationShape Shape = new(50, 4, 9);

    [Fact]
    public void Forked_halves_merge_to_the_statistics_of_one_pass()
    {
        using var backend = new SimdBackend(1);
        var pilot = new LayerStatistics(4, 3, backend, new LayerStatisticsOptions { PilotImages = 50, Bins = 32 });
        Add(pilot, 1);
        LayerStatistics whole = pilot.Fork(), half = pilot.Fork();
        for (var seed = 1UL; seed <= 6; seed++)
            Add(whole, seed);
        for (var seed = 2UL; seed <= 3; seed++)
            Add(pilot, seed);
        for (var seed = 4UL; seed <= 6; seed++)
            Add(half, seed);
        pilot.Merge(half);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(whole.Features[i].Histograms!.Counts.ToArray(), pilot.Features[i].Histograms!.Counts.ToArray());
            Assert.Equal(whole.Features[i].Moments.Of(2, 1).Cov12, pilot.Features[i].Moments.Of(2, 1).Cov12, 1e-11);
        }
    }

    [Fact]
    public void Both_back_ends_and_both_layouts_give_the_same_statistics()
    {
        using SimdBackend simd = new(2);
        using var ilgpu = IlgpuBackend.OnCpu();
        LayerStatistics a = new(4, 3, simd), b = new(4, 3, ilgpu), c = new(4, 3, simd);
        for (var seed = 1UL; seed <= 6; seed++)
        {
            Add(a, seed);
            Add(b, seed);
            var batch = Batch.Random(Shape, 3, seed);
            var last = Shape with { Layout = ActivationLayout.ChannelsLast };
            var transposed = new float[batch.Activations.Length];
            for (var n = 0; n < Shape.Images; n++)
                for (var ch = 0; ch < Shape.Channels; ch++)
                    for (var p = 0; p < Shape.Positions; p++)
                        transposed[last.Offset(n, ch, p)] = batch.Activations[Shape.Offset(n, ch, p)];
            c.Add(transposed, last, batch.Labels);
        }
        for (var i = 0; i < 3; i++)
            foreach (var other in new[] { b, c })
                for (var channel = 0; channel < 4; channel++)
                {
                    Assert.Equal(a.Features[i].Moments.Of(channel, 1).Cov22, other.Features[i].Moments.Of(channel, 1).Cov22, 1e-9);
                    Assert.Equal(a.Features[i].Histograms!.KolmogorovSmirnov(channel, 1), other.Features[i].Histograms!.KolmogorovSmirnov(channel, 1), 0.02);
                }
    }

    [Fact]
    public void Few_images_need_an_explicit_end_of_the_pilot()
    {
        using var backend = new SimdBackend(1);
        var layer = new LayerStatistics(4, 3, backend);
        Assert.Throws<OnnxKernelException>(layer.Complete);
        Add(layer, 1);
        Assert.Contains("Complete", Assert.Throws<OnnxKernelException>(() => layer.Features).Message);
        layer.Complete();
        Assert.Equal(50, layer.Features[0].Moments.LabelledCount);
    }

    [Fact]
    public void Only_the_features_asked_for_are_kept()
    {
        using var backend = new SimdBackend(1);
        var layer = new LayerStatistics(4, 3, backend, new LayerStatisticsOptions { Features = [PooledFeature.Norm], Bins = 0, PilotImages = 1 });
        Add(layer, 1);
        Assert.Equal(PooledFeature.Norm, Assert.Single(layer.Features).Feature);
        Assert.Null(layer.Features[0].Histograms);
        Assert.True(double.IsNaN(Discriminability.Score(layer.Features)[0, 0].KolmogorovSmirnov));
    }

    [Fact]
    public void Labels_that_do_not_fit_the_batch_are_refused()
    {
        using var backend = new SimdBackend(1);
        var layer = new LayerStatistics(4, 3, backend);
        Assert.Throws<OnnxKernelException>(() => layer.Add(new float[1800], Shape, new int[49]));
        Assert.Throws<OnnxKernelException>(() => layer.Add(new float[1800], Shape, [.. Enumerable.Repeat(3, 50)]));
        Assert.Throws<OnnxKernelException>(() => new LayerStatistics([], backend));
    }

    static void Add(LayerStatistics layer, ulong seed)
    {
        var batch = Batch.Random(Shape, 3, seed);
        layer.Add(batch.Activations, batch.Shape, batch.Labels);
    }
}
