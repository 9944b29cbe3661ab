using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Kernels.Witness;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

public sealed class ClassMomentsTests
{
    [Fact]
    public void Moments_equal_their_definition()
    {
        var (features, labels, scale) = Data(21);
        var moments = new ClassMoments(4, scale);
        moments.Add(features, labels);
        for (var c = 0; c < 21; c++)
            for (var k = 0; k < 4; k++)
            {
                Same(Direct(features, labels, scale, c, l => l == k), moments.Of(c, k));
                Same(Direct(features, labels, scale, c, l => l >= 0 && l != k), moments.Complement(c, k));
                Assert.Equal(Mean(features, labels, c, k), moments.MeanOf(c, k), 1e-9);
            }
        Same(Direct(features, labels, scale, 20, _ => true), moments.Total(20));
    }

    [Fact]
    public void Complement_by_subtraction_equals_a_second_pass()
    {
        var (features, labels, scale) = Data(5);
        ClassMoments once = new(4, scale), rest = new(4, scale);
        once.Add(features, labels);
        // The second pass maps class 2 to "ignored" and everything else to class 0.
        rest.Add(features, [.. labels.Select(l => l is 2 or -1 ? -1 : 0)]);
        for (var c = 0; c < 5; c++)
            Same(rest.Of(c, 0), once.Complement(c, 2));
    }

    [Fact]
    public void Merging_two_halves_equals_one_pass()
    {
        var (features, labels, scale) = Data(6);
        ClassMoments whole = new(4, scale), first = new(4, scale), second = new(4, scale);
        whole.Add(features, labels);
        first.Add(features.AsSpan(0, 100 * 6), labels.AsSpan(0, 100));
        second.Add(features.AsSpan(100 * 6), labels.AsSpan(100));
        first.Merge(second);
        Assert.Equal(whole.Counts.ToArray(), first.Counts.ToArray());
        for (var i = 0; i < whole.PowerSums.Length; i++)
            Assert.Equal(whole.PowerSums[i], first.PowerSums[i], 1e-10 * (1 + Math.Abs(whole.PowerSums[i])));
    }

    [Fact]
    public void Moments_survive_the_trip_through_plain_arrays()
    {
        var (features, labels, scale) = Data(3);
        var moments = new ClassMoments(4, scale);
        moments.Add(features, labels);
        var copy = new ClassMoments(4, new FeatureScale(scale.Shift, scale.Scale, scale.Low, scale.High),
            moments.Counts.ToArray(), moments.PowerSums.ToArray());
        Assert.Equal(moments.Of(2, 3), copy.Of(2, 3));
        copy.Merge(moments);
        Assert.Equal(2 * moments.Of(2, 3).Count, copy.Of(2, 3).Count);
        Assert.Throws<OnnxKernelException>(() => new ClassMoments(5, scale, new long[5], new double[60]));
    }

    [Fact]
    public void Bad_labels_and_features_are_refused_before_anything_is_added()
    {
        var moments = new ClassMoments(2, FeatureScale.Identity(2));
        Assert.Contains("Label of image 1 is 2", Assert.Throws<OnnxKernelException>(() => moments.Add([1, 2, 3, 4], [0, 2])).Message);
        Assert.Contains("image 1, channel 0 is NaN", Assert.Throws<OnnxKernelException>(() => moments.Add([1, 2, double.NaN, 4], [0, 1])).Message);
        Assert.Throws<OnnxKernelException>(() => moments.Add([1, 2, 3], [0, 1]));
        Assert.Equal([0, 0, 0], moments.Counts.ToArray());
        Assert.Throws<OnnxKernelException>(() => moments.Merge(new ClassMoments(2, FeatureScale.FromPilot([1, 2, 3, 4], 2))));
    }

    [Fact]
    public void A_pilot_of_a_constant_channel_gives_usable_constants()
    {
        foreach (var value in new[] { 0.0, -3.5, 1e-12, 1e20 })
        {
            var scale = FeatureScale.FromPilot([value, value, value], 1);
            Assert.True(scale.Scale[0] > 0 && scale.High[0] > value && scale.Low[0] < value);
        }
        Assert.Throws<OnnxKernelException>(() => FeatureScale.FromPilot([], 2));
        Assert.Throws<OnnxKernelException>(() => FeatureScale.FromPilot([1, double.PositiveInfinity], 2));
    }

    [Fact]
    public void Values_absurdly_far_from_the_pilot_leave_the_moments_finite()
    {
        var moments = new ClassMoments(2, FeatureScale.FromPilot([0, 1e-30], 1));
        moments.Add([1e300, 0, 1], [0, 0, 1]);
        Assert.True(double.IsFinite(moments.Of(0, 0).Cov22));
        Assert.InRange(Discriminability.Score(moments.Of(0, 0), moments.Of(0, 1), double.NaN, 0.05).Point, 0, 1);
    }

    static (double[] Features, int[] Labels, FeatureScale Scale) Data(int channels)
    {
        var random = new Philox4x32(31);
        var labels = new int[250];
        var features = new double[250 * channels];
        for (var n = 0; n < labels.Length; n++)
        {
            labels[n] = random.NextInt(5) - 1;
            for (var c = 0; c < channels; c++)
                features[n * channels + c] = 50 * c + (1 + c) * random.NextGaussian() + labels[n];
        }
        return (features, labels, FeatureScale.FromPilot(features.AsSpan(0, 64 * channels), channels));
    }

    static double Mean(double[] features, int[] labels, int channel, int @class) =>
        Enumerable.Range(0, labels.Length).Where(n => labels[n] == @class).Average(n => features[n * (features.Length / labels.Length) + channel]);

    static QuadraticMoments Direct(double[] features, int[] labels, FeatureScale scale, int channel, Func<int, bool> take)
    {
        double[] x = [.. Enumerable.Range(0, labels.Length).Where(n => take(labels[n]))
            .Select(n => (features[n * scale.Channels + channel] - scale.Shift[channel]) / scale.Scale[channel])];
        double m1 = x.Average(), m2 = x.Average(v => v * v);
        return new QuadraticMoments(
            x.Length, m1, m2, x.Average(v => (v - m1) * (v - m1)),
            x.Average(v => (v - m1) * (v * v - m2)), x.Average(v => (v * v - m2) * (v * v - m2)));
    }

    static void Same(QuadraticMoments expected, QuadraticMoments actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        Assert.Equal(expected.Mean1, actual.Mean1, 1e-11);
        Assert.Equal(expected.Mean2, actual.Mean2, 1e-11);
        Assert.Equal(expected.Cov11, actual.Cov11, 1e-11);
        Assert.Equal(expected.Cov12, actual.Cov12, 1e-11);
        Assert.Equal(expected.Cov22, actual.Cov22, 1e-10);
    }
}
