using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Kernels.Sketches;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

public sealed class ClassHistogramsTests
{
    [Fact]
    public void The_binned_distance_is_below_the_exact_one_by_at_most_a_bins_mass()
    {
        var random = new Philox4x32(41);
        double[] values = [.. Enumerable.Range(0, 3000).Select(i => random.NextGaussian() + (i < 1000 ? 0.8 : 0))];
        int[] labels = [.. Enumerable.Range(0, 3000).Select(i => i < 1000 ? 0 : 1 + i % 2)];
        var histograms = Fill(values, labels, 3, 256);
        var exact = Exact(values.Where((_, i) => labels[i] == 0), values.Where((_, i) => labels[i] != 0));
        Assert.InRange(histograms.KolmogorovSmirnov(0, 0), exact - 0.02, exact + 1e-12);
    }

    [Fact]
    public void Values_outside_the_pilot_range_still_separate()
    {
        var histograms = new ClassHistograms(2, FeatureScale.Identity(1));
        using var backend = new SimdBackend(1);
        histograms.Add([-5, -4, 7, 8], [0, 0, 1, 1], backend);
        Assert.Equal(1, histograms.KolmogorovSmirnov(0, 0));
    }

    [Fact]
    public void Identical_constant_features_have_distance_zero()
    {
        double[] values = [.. Enumerable.Repeat(0.1, 100)];
        Assert.Equal(0, Fill(values, [.. Enumerable.Range(0, 100).Select(i => i % 2)], 2, 256).KolmogorovSmirnov(0, 1));
    }

    [Fact]
    public void Merging_two_halves_equals_one_pass_and_arrays_restore_it()
    {
        var random = new Philox4x32(42);
        double[] values = [.. Enumerable.Range(0, 400).Select(_ => random.NextGaussian())];
        int[] labels = [.. Enumerable.Range(0, 200).Select(_ => random.NextInt(4) - 1)];
        var scale = FeatureScale.FromPilot(values, 2);
        using var backend = new SimdBackend(1);
        ClassHistograms whole = new(3, scale, 16), first = new(3, scale, 16), second = new(3, scale, 16);
        whole.Add(values, labels, backend);
        first.Add(values.AsSpan(0, 100), labels.AsSpan(0, 50), backend);
        second.Add(values.AsSpan(100), labels.AsSpan(50), backend);
        first.Merge(second);
        Assert.Equal(whole.Counts.ToArray(), first.Counts.ToArray());
        var restored = new ClassHistograms(3, scale, 16, whole.Counts.ToArray());
        Assert.Equal(whole.Images.ToArray(), restored.Images.ToArray());
        Assert.Equal(whole.KolmogorovSmirnov(1, 2), restored.KolmogorovSmirnov(1, 2));
        Assert.Equal(labels.Count(l => l >= 0), whole.Images.ToArray().Sum());
        Assert.Throws<OnnxKernelException>(() => first.Merge(new ClassHistograms(3, scale, 17)));
    }

    [Fact]
    public void Classes_left_out_do_not_count()
    {
        double[] values = [0, 0, 1, 1, 9, 9];
        var histograms = Fill(values, [0, 0, 1, 1, 2, 2], 3, 64);
        Assert.Equal(Fill([0, 0, 1, 1], [0, 0, 1, 1], 2, 64).KolmogorovSmirnov(0, 1), histograms.KolmogorovSmirnov(0, 1, [2]));
        Assert.Equal(histograms.KolmogorovSmirnov(0, 1), histograms.KolmogorovSmirnov(0, 1, []));
        Assert.Equal(0.5, histograms.KolmogorovSmirnov(0, 1));
        Assert.True(double.IsNaN(histograms.KolmogorovSmirnov(0, 1, [0, 2])));
    }

    [Fact]
    public void A_class_without_images_has_no_distance() =>
        Assert.True(double.IsNaN(Fill([0, 1], [0, 0], 2, 8).KolmogorovSmirnov(0, 1)));

    [Fact]
    public void Features_that_are_not_finite_are_refused()
    {
        using var backend = new SimdBackend(1);
        var histograms = new ClassHistograms(2, FeatureScale.Identity(1));
        Assert.Throws<OnnxKernelException>(() => histograms.Add([double.NaN], [0], backend));
        Assert.Throws<OnnxKernelException>(() => new ClassHistograms(2, FeatureScale.Identity(1), 8, new int[3]));
    }

    static ClassHistograms Fill(double[] values, int[] labels, int classes, int bins)
    {
        var histograms = new ClassHistograms(classes, FeatureScale.FromPilot(values, 1), bins);
        using var backend = new SimdBackend(1);
        histograms.Add(values, labels, backend);
        return histograms;
    }

    static double Exact(IEnumerable<double> p, IEnumerable<double> q)
    {
        double[] a = [.. p], b = [.. q];
        return a.Concat(b).Max(t => Math.Abs(a.Count(x => x <= t) / (double)a.Length - b.Count(x => x <= t) / (double)b.Length));
    }
}
