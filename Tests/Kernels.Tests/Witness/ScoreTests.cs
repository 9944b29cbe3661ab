using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Kernels.Sketches;
using OnnxEdit.Kernels.Witness;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

public sealed class ScoreTests
{
    [Fact]
    public void Max_keeps_specialists_that_min_discards()
    {
        double[] specialist = [1, 0.11, 0.11, 0.11], noise = [0.12, 0.12, 0.12, 0.12];
        Assert.Equal(1, ScoreTable.Aggregate(specialist, ClassAggregation.Max));
        Assert.True(ScoreTable.Aggregate(specialist, ClassAggregation.Min) < ScoreTable.Aggregate(noise, ClassAggregation.Min));
        Assert.Equal(0.3325, ScoreTable.Aggregate(specialist, ClassAggregation.Mean), 1e-12);
    }

    [Fact]
    public void Classes_without_images_do_not_count()
    {
        Assert.Equal(0.4, ScoreTable.Aggregate([double.NaN, 0.4], ClassAggregation.Min));
        Assert.Equal(0, ScoreTable.Aggregate([double.NaN], ClassAggregation.Max));
    }

    [Fact]
    public void The_tvsprune_score_is_the_least_distance_of_class_means_over_the_layers_largest()
    {
        // Two classes, two channels, two positions; distances 5 and 1.
        Assert.Equal([1, 0.2], TvsPruneScore.Compute([0, 0, 2, 0, 3, 4, 2, 1], 2, 2));
        Assert.Equal([0, 0], TvsPruneScore.Compute([1, 1, 1, 1], 2, 2));
        Assert.Throws<OnnxKernelException>(() => TvsPruneScore.Compute([1, 1], 1, 2));
    }

    [Fact]
    public void A_channel_that_detects_a_class_scores_high_and_a_dead_channel_scores_zero()
    {
        var layer = Collect(out _);
        var scores = Discriminability.Score(layer.Features);
        var point = scores.Point();
        var certified = scores.Certified();
        Assert.InRange(point[0], 0.95, 1);
        Assert.InRange(certified[0], 0.5, point[0]);
        Assert.InRange(point[1], 0, 0.25);
        Assert.Equal(0, certified[1]);
        Assert.Equal(0, point[2], 1e-6);
        Assert.Equal(0, certified[2]);
        Assert.True(scores[0, 1].Point > scores[0, 0].Point);
    }

    [Fact]
    public void A_claim_for_all_channels_at_once_certifies_less()
    {
        var layer = Collect(out _);
        var alone = Discriminability.Score(layer.Features)[0, 1].Certified;
        var together = Discriminability.Score(layer.Features, simultaneousClaims: 9)[0, 1].Certified;
        Assert.InRange(together, 0.3, alone - 1e-3);
    }

    [Fact]
    public void A_class_without_images_is_unknown_and_certifies_nothing()
    {
        var moments = new ClassMoments(3, FeatureScale.Identity(1));
        moments.Add([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]);
        var scores = Discriminability.Score([new FeatureStatistics(PooledFeature.Mean, moments, null)]);
        Assert.True(double.IsNaN(scores[0, 2].Point));
        Assert.Equal(0, scores[0, 2].Certified);
        Assert.True(scores.Point(ClassAggregation.Min)[0] > 0);
    }

    [Fact]
    public void Point_scores_of_empirical_distributions_never_exceed_their_true_total_variation()
    {
        var random = new Philox4x32(301);
        using var backend = new SimdBackend(1);
        for (var i = 0; i < 3_000; i++)
        {
            var atoms = 2 + random.NextInt(6);
            var values = Enumerable.Range(0, atoms).Select(_ => random.NextGaussian()).ToArray();
            var features = new List<double>();
            var labels = new List<int>();
            var counts = new double[2, atoms];
            for (var n = 0; n < 40; n++)
            {
                int label = n < 2 ? n : random.NextInt(2), atom = random.NextInt(atoms);
                if (label == 1 && random.NextInt(2) == 0)
                    atom = random.NextInt(1 + atoms / 2);
                features.Add(values[atom]);
                labels.Add(label);
                counts[label, atom]++;
            }
            double[] data = [.. features];
            var scale = FeatureScale.FromPilot(data.AsSpan(0, 8), 1);
            var moments = new ClassMoments(2, scale);
            var histograms = new ClassHistograms(2, scale, 1 + random.NextInt(64));
            moments.Add(data, [.. labels]);
            histograms.Add(data, [.. labels], backend);
            double n0 = labels.Count(l => l == 0), n1 = 40 - n0;
            var truth = Enumerable.Range(0, atoms).Sum(a => Math.Abs(counts[0, a] / n0 - counts[1, a] / n1)) / 2;
            var score = Discriminability.Score([new FeatureStatistics(PooledFeature.Mean, moments, histograms)])[0, 0];
            Assert.InRange(score.Point, 0, truth + 1e-9);
        }
    }

    [Fact]
    public void Channel_independence_equals_the_nuclear_norm_difference_by_brute_force()
    {
        var random = new Philox4x32(302);
        foreach (var (channels, positions) in new[] { (1, 4), (5, 9), (9, 4), (6, 6), (4, 1), (40, 60), (60, 40), (30, 2) })
        {
            float[] maps = [.. Enumerable.Range(0, channels * positions).Select(_ => (float)Math.Max(0, random.NextGaussian()))];
            maps.AsSpan(0, positions).CopyTo(maps.AsSpan((channels - 1) * positions));
            var independence = ChannelIndependence.Compute(maps, channels);
            for (var j = 0; j < channels; j++)
                Assert.Equal(Nuclear(maps, channels, -1) - Nuclear(maps, channels, j), independence[j], 1e-7);
        }

        Assert.Equal([0, 0], ChannelIndependence.Compute(new float[8], 2));
        Assert.Contains("channel 1, position 1", Assert.Throws<OnnxKernelException>(
            () => ChannelIndependence.Compute([0, 1, 2, float.NaN], 2)).Message);
    }

    static double Nuclear(float[] maps, int channels, int without)
    {
        var positions = maps.Length / channels;
        var matrix = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(
            channels, positions, (c, p) => c == without ? 0 : maps[c * positions + p]);
        return matrix.Svd(false).S.Sum();
    }

    /// <summary>Channel 0 fires on class 1 only, channel 1 is noise, channel 2 is dead.</summary>
    internal static LayerStatistics Collect(out int[] allLabels)
    {
        var random = new Philox4x32(300);
        using var backend = new SimdBackend(1);
        var layer = new LayerStatistics(3, 3, backend);
        var kept = new List<int>();
        for (var batch = 0; batch < 20; batch++)
        {
            int[] labels = [.. Enumerable.Range(0, 60).Select(_ => random.NextInt(3))];
            var activations = new float[60 * 3 * 16];
            for (var i = 0; i < activations.Length; i++)
            {
                int image = i / 48, channel = i / 16 % 3;
                activations[i] = (float)(channel == 2 ? 0.25 : random.NextGaussian() + (channel == 0 && labels[image] == 1 ? 3 : 0));
            }
            layer.Add(activations, new ActivationShape(60, 3, 16), labels);
            kept.AddRange(labels);
        }
        layer.Complete();
        allLabels = [.. kept];
        return layer;
    }
}
