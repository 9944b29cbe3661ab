using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.RandomNumbers;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

public sealed class PoolingTests
{
    public static TheoryData<int, int, int, ActivationLayout, double> Shapes()
    {
        var data = new TheoryData<int, int, int, ActivationLayout, double>();
        foreach (var layout in Enum.GetValues<ActivationLayout>())
            foreach (var (n, c, s) in new[] { (1, 1, 1), (3, 5, 1), (2, 3, 7), (4, 17, 49), (2, 33, 197), (3, 8, 64), (1, 2, 1025), (5, 16, 4) })
                data.Add(n, c, s, layout, n == 4 ? 1e4 : 0);
        return data;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Simd_pooling_agrees_with_exact_sums(int images, int channels, int positions, ActivationLayout layout, double offset)
    {
        using var backend = new SimdBackend(1);
        Agrees(backend, images, channels, positions, layout, offset);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Ilgpu_pooling_agrees_with_exact_sums(int images, int channels, int positions, ActivationLayout layout, double offset) =>
        Agrees(Accelerator.Value, images, channels, positions, layout, offset);

    [Theory]
    [InlineData(ActivationLayout.ChannelsFirst)]
    [InlineData(ActivationLayout.ChannelsLast)]
    public void Threads_do_not_change_a_bit(ActivationLayout layout)
    {
        var batch = Batch.Random(new ActivationShape(24, 40, 160, layout), 3, 1);
        PooledFeatures one = new(24, 40), four = new(24, 40);
        using SimdBackend single = new(1), several = new(4);
        single.Pool(batch.Activations, batch.Shape, one);
        several.Pool(batch.Activations, batch.Shape, four);
        foreach (var feature in Enum.GetValues<PooledFeature>())
            Assert.True(one[feature].SequenceEqual(four[feature]));
    }

    [Theory]
    [InlineData(float.NaN, ActivationLayout.ChannelsFirst, 1)]
    [InlineData(float.PositiveInfinity, ActivationLayout.ChannelsLast, 1)]
    [InlineData(float.NegativeInfinity, ActivationLayout.ChannelsFirst, 4)]
    [InlineData(float.NaN, ActivationLayout.ChannelsLast, 4)]
    public void An_activation_that_is_not_finite_is_named(float bad, ActivationLayout layout, int threads)
    {
        var shape = new ActivationShape(20, 33, 160, layout);
        var batch = Batch.Random(shape, 2, 2);
        batch.Activations[shape.Offset(7, 20, 13)] = bad;
        using var simd = new SimdBackend(threads);
        foreach (var backend in new IStatisticsBackend[] { simd, Accelerator.Value })
        {
            var error = Assert.Throws<OnnxKernelException>(() => backend.Pool(batch.Activations, shape, new PooledFeatures(20, 33)));
            Assert.Contains("image 7, channel 20, position 13", error.Message);
            Assert.Contains("Check the model's weights", error.Message);
        }
    }

    [Fact]
    public void The_largest_floats_do_not_overflow()
    {
        float[] activations = [float.MaxValue, float.MaxValue, -float.MaxValue, float.MaxValue];
        var pooled = new PooledFeatures(1, 1);
        using var backend = new SimdBackend(1);
        backend.Pool(activations, new ActivationShape(1, 1, 4), pooled);
        Assert.Equal(float.MaxValue / 2.0, pooled[PooledFeature.Mean][0], 1e25);
        Assert.Equal(2.0 * float.MaxValue, pooled[PooledFeature.Norm][0], 1e25);
    }

    [Fact]
    public void A_buffer_of_the_wrong_length_is_refused()
    {
        using var backend = new SimdBackend(1);
        var error = Assert.Throws<OnnxKernelException>(
            () => backend.Pool(new float[5], new ActivationShape(1, 2, 3), new PooledFeatures(1, 2)));
        Assert.Contains("needs 6", error.Message);
        Assert.Throws<OnnxKernelException>(() => backend.Pool([], new ActivationShape(0, 2, 3), new PooledFeatures(1, 2)));
        Assert.Throws<OnnxKernelException>(() => backend.Pool(new float[6], new ActivationShape(1, 2, 3), new PooledFeatures(2, 2)));
    }

    [Fact]
    public void Bins_of_both_back_ends_agree()
    {
        var random = new Philox4x32(3);
        double[] features = [.. Enumerable.Range(0, 40 * 37).Select(_ => random.NextGaussian())];
        var scale = FeatureScale.FromPilot(features.AsSpan(0, 8 * 37), 37);
        int[] simd = new int[features.Length], ilgpu = new int[features.Length];
        using var backend = new SimdBackend(1);
        backend.BinIndices(features, scale, 50, simd);
        Accelerator.Value.BinIndices(features, scale, 50, ilgpu);
        Assert.Equal(simd, ilgpu);
        for (var i = 0; i < features.Length; i++)
        {
            var c = i % 37;
            var expected = features[i] < scale.Low[c] ? 0 : Math.Min(51, 1 + (int)((features[i] - scale.Low[c]) * (50 / (scale.High[c] - scale.Low[c]))));
            Assert.Equal(expected, simd[i]);
        }
        Assert.Contains(0, simd);
        Assert.Contains(51, simd);
    }

    static readonly Lazy<IlgpuBackend> Accelerator = new(IlgpuBackend.OnCpu);

    static void Agrees(IStatisticsBackend backend, int images, int channels, int positions, ActivationLayout layout, double offset)
    {
        var batch = Batch.Random(new ActivationShape(images, channels, positions, layout), 2, 4, offset);
        var pooled = new PooledFeatures(images, channels);
        lock (Accelerator)
            backend.Pool(batch.Activations, batch.Shape, pooled);
        for (var n = 0; n < images; n++)
            for (var c = 0; c < channels; c++)
            {
                var (sum, squares, max, absolute) = batch.Row(n, c);
                var i = n * channels + c;
                Assert.Equal(sum, pooled[PooledFeature.Mean][i] * positions, 1e-6 * absolute);
                Assert.Equal(squares, Math.Pow(pooled[PooledFeature.Norm][i], 2), 1e-6 * squares);
                Assert.Equal(max, pooled[PooledFeature.Max][i]);
                // Sums in double are in fact far better than that.
                Assert.Equal(sum, pooled[PooledFeature.Mean][i] * positions, 1e-13 * absolute);
            }
    }
}
