using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Kernels.Witness;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

/// <summary>No population bound exceeds the true total variation, on 10,000 random discrete pairs.</summary>
public sealed class BoundValidityTests
{
    const int Pairs = 10_000;
    const double Rounding = 1e-9;

    [Fact]
    public void Fisher_bound_never_exceeds_true_total_variation() => ForAll((pair, _) =>
        FisherBound.FromDiscriminant(FisherBound.Discriminant(pair.Delta, pair.CovarianceP, pair.CovarianceQ)));

    [Fact]
    public void Minimax_bound_never_exceeds_true_total_variation() => ForAll((pair, _) =>
        MinimaxBound.Solve(pair.Delta, pair.CovarianceP, pair.CovarianceQ).Bound);

    [Fact]
    public void Minimax_bound_is_never_below_the_fisher_bound()
    {
        var random = new Philox4x32(101);
        for (var i = 0; i < Pairs; i++)
        {
            var pair = new DiscretePair(random, 1 + i % 4);
            var fisher = FisherBound.FromDiscriminant(FisherBound.Discriminant(pair.Delta, pair.CovarianceP, pair.CovarianceQ));
            Assert.InRange(fisher, 0, MinimaxBound.Solve(pair.Delta, pair.CovarianceP, pair.CovarianceQ).Bound + Rounding);
        }
    }

    [Fact]
    public void Witness_bounds_of_any_function_never_exceed_true_total_variation() => ForAll((pair, random) =>
    {
        double[] u = [.. Enumerable.Range(0, pair.Dimension).Select(_ => random.NextGaussian())];
        double shift = random.NextGaussian(), sharpness = random.NextInt(3);
        var (meanP, squareP, meanQ, squareQ) = pair.Moments(a =>
        {
            var z = shift + a.Zip(u, (x, w) => x * w).Sum();
            return sharpness == 0 ? z : sharpness == 1 ? Math.Exp(-Math.Abs(z)) : z > 0 ? 1 : 0;
        });
        var plain = WitnessBound.Uncentred(meanP, squareP, meanQ, squareQ);
        var centred = WitnessBound.Centred(
            meanP, Math.Max(0, squareP - meanP * meanP), meanQ, Math.Max(0, squareQ - meanQ * meanQ));
        if (Math.Abs(meanP - meanQ) < 1e-12)
            return 0;
        Assert.InRange(plain, 0, centred + Rounding);
        return centred;
    });

    [Fact]
    public void Quadratic_witness_bounds_never_exceed_true_total_variation() => ForAll((pair, _) =>
    {
        double[] Powers(bool p) => [.. Enumerable.Range(1, 4).Select(k =>
        {
            var (meanP, _, meanQ, _) = pair.Moments(a => Math.Pow(a[0], k));
            return p ? meanP : meanQ;
        })];
        double[] a = Powers(true), b = Powers(false);
        QuadraticMoments x = QuadraticMoments.FromPowerSums(1, a[0], a[1], a[2], a[3]), y = QuadraticMoments.FromPowerSums(1, b[0], b[1], b[2], b[3]);
        var ridge = QuadraticMoments.RidgeFor(x, y);
        var minimax = MinimaxBound.Solve(x, y, ridge).Bound;
        Assert.InRange(FisherBound.FromDiscriminant(FisherBound.Discriminant(x, y, ridge)), 0, minimax + Rounding);
        return minimax;
    }, dimensions: 1);

    [Fact]
    public void Robust_bounds_hold_for_all_moments_within_their_balls() => ForAll((pair, random) =>
    {
        var k = pair.Dimension;
        double meanRadius = 0.3 * random.NextDouble(), radiusP = 0.3 * random.NextDouble(), radiusQ = 0.3 * random.NextDouble();
        double[] delta = [.. pair.Delta.Zip(Ball(random, k, meanRadius, false), (a, b) => a + b)];
        double[] p = [.. pair.CovarianceP.Zip(Ball(random, k, radiusP, true), (a, b) => a + b)];
        double[] q = [.. pair.CovarianceQ.Zip(Ball(random, k, radiusQ, true), (a, b) => a + b)];
        double[] sum = [.. p.Zip(q, (a, b) => a + b)];
        for (var i = 0; i < k; i++)
            sum[i * k + i] += radiusP + radiusQ;
        var fisher = FisherBound.FromDiscriminant(RobustFisherBound.Discriminant(delta, sum, meanRadius));
        var minimax = RobustMinimaxBound.Solve(delta, p, q, meanRadius, radiusP, radiusQ).Bound;
        Assert.InRange(fisher, 0, minimax + Rounding);
        return minimax;
    });

    [Fact]
    public void A_robust_bound_without_radii_is_the_plain_bound()
    {
        double[] delta = [2, 1], p = [2, 0.7, 0.7, 1], q = [1, 0, 0, 3];
        Assert.Equal(MinimaxBound.Solve(delta, p, q).Kappa, RobustMinimaxBound.Solve(delta, p, q, 0, 0, 0).Kappa, 1e-9);
        Assert.Equal(FisherBound.Discriminant(delta, p, q), RobustFisherBound.Discriminant(delta, [3, 0.7, 0.7, 4], 0), 1e-9);
    }

    [Fact]
    public void Equal_distributions_and_points_are_handled()
    {
        Assert.Equal(0, MinimaxBound.Solve([0.0, 0], [0, 0, 0, 0], [0, 0, 0, 0]).Bound);
        Assert.Equal(1, MinimaxBound.Solve([1.0, 0], [0, 0, 0, 0], [0, 0, 0, 0]).Bound);
        Assert.Equal(1, FisherBound.FromDiscriminant(FisherBound.Discriminant([1.0, 0], [0, 0, 0, 0], [0, 0, 0, 0])));
        Assert.Equal(1, MinimaxBound.Solve(1, 0, 0).Bound);
        Assert.Equal(0, WitnessBound.Uncentred(0, 0, 0, 0));
        Assert.Equal(0, WitnessBound.Centred(1, 0, 1, 0));
    }

    [Fact]
    public void Mismatched_covariances_are_refused() =>
        Assert.Contains("row-major", Assert.Throws<OnnxKernelException>(
            () => FisherBound.Discriminant([1.0, 2], [1, 0, 0], [1, 0, 0, 1])).Message);

    [Fact]
    public void Debiasing_removes_most_of_what_noise_adds_to_fisher()
    {
        // 16 features, 40 samples of the same Gaussian on either side: the plug-in bound is far from zero.
        var random = new Philox4x32(102);
        double plain = 0, debiased = 0;
        for (var repetition = 0; repetition < 50; repetition++)
        {
            var (meanP, p) = Sample(random, 40, 16);
            var (meanQ, q) = Sample(random, 40, 16);
            double[] delta = [.. meanP.Zip(meanQ, (a, b) => a - b)];
            plain += FisherBound.FromDiscriminant(FisherBound.Discriminant(delta, p, q)) / 50;
            debiased += FisherBound.FromDiscriminant(FisherBound.Debiased(delta, p, q, 40, 40)) / 50;
        }
        Assert.True(plain > 0.15, $"plug-in {plain}");
        Assert.True(debiased < plain / 2, $"debiased {debiased} of {plain}");
    }

    static void ForAll(Func<DiscretePair, Philox4x32, double> bound, int dimensions = 4)
    {
        var random = new Philox4x32(100);
        for (var i = 0; i < Pairs; i++)
        {
            var pair = new DiscretePair(random, 1 + i % dimensions);
            Assert.InRange(bound(pair, random), 0, pair.TotalVariation + Rounding);
        }
    }

    static double[] Ball(Philox4x32 random, int k, double radius, bool matrix)
    {
        var values = new double[matrix ? k * k : k];
        for (var r = 0; r < k; r++)
            for (var c = 0; c <= (matrix ? r : 0); c++)
                values[matrix ? r * k + c : r] = values[matrix ? c * k + r : r] = random.NextGaussian();
        var norm = Math.Sqrt(values.Sum(v => v * v));
        return [.. values.Select(v => v / norm * radius * 0.999)];
    }

    static (double[] Mean, double[] Covariance) Sample(Philox4x32 random, int count, int k)
    {
        double[][] rows = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, k).Select(_ => random.NextGaussian()).ToArray())];
        double[] mean = [.. Enumerable.Range(0, k).Select(d => rows.Average(r => r[d]))];
        return (mean, [.. from a in Enumerable.Range(0, k)
                          from b in Enumerable.Range(0, k)
                          select rows.Average(r => (r[a] - mean[a]) * (r[b] - mean[b]))]);
    }
}
