using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

/// <summary>Values worked out by hand or by independent numerical programs.</summary>
public sealed class GoldenValueTests
{
    static readonly double[] S1 = [2, 0.7, 0.7, 1], S2 = [1, 0, 0, 3], Delta = [2, 1];

    [Fact]
    public void Fisher_and_minimax_of_a_two_dimensional_pair_match_the_golden_values()
    {
        var fisher = FisherBound.Discriminant(Delta, S1, S2);
        Assert.Equal(1.407471764, fisher, 1e-9);
        Assert.Equal(0.413054564, FisherBound.FromDiscriminant(fisher), 1e-9);
        var minimax = MinimaxBound.Solve(Delta, S1, S2);
        Assert.Equal(0.852246030, minimax.Kappa, 1e-9);
        Assert.Equal(0.726323296, minimax.Kappa * minimax.Kappa, 1e-9);
        Assert.Equal(0.589842, minimax.Mixing, 1e-5);
        Assert.Equal(0.420734226, minimax.Bound, 1e-9);
        var witness = MinimaxBound.Direction(Delta, S1, S2, minimax.Mixing);
        Assert.Equal(0.453458, witness[0], 1e-5);
        Assert.Equal(0.093084, witness[1], 1e-5);
    }

    [Fact]
    public void The_allocation_free_path_agrees_with_the_general_one()
    {
        var p = new QuadraticMoments(10, 2, 1, 2, 0.7, 1);
        var q = new QuadraticMoments(10, 0, 0, 1, 0, 3);
        Assert.Equal(1.407471764, FisherBound.Discriminant(p, q), 1e-9);
        Assert.Equal(0.420734226, MinimaxBound.Solve(p, q).Bound, 1e-9);
        // The same pair padded with a third feature that says nothing goes through the general path.
        double[] wide1 = [2, 0.7, 0, 0.7, 1, 0, 0, 0, 1], wide2 = [1, 0, 0, 0, 3, 0, 0, 0, 1];
        Assert.Equal(0.420734226, MinimaxBound.Solve([2, 1, 0], wide1, wide2).Bound, 1e-9);
        Assert.Equal(1.407471764, FisherBound.Discriminant([2, 1, 0], wide1, wide2), 1e-9);
    }

    [Fact]
    public void One_dimensional_bounds_match_the_golden_values()
    {
        var minimax = MinimaxBound.Solve(3, 0.5, 2);
        Assert.Equal(1.2, minimax.Kappa, 1e-12);
        Assert.Equal(0.590164, minimax.Bound, 1e-6);
        Assert.Equal(0.514286, FisherBound.FromDiscriminant(FisherBound.Discriminant([3], [0.25], [4])), 1e-6);
        Assert.Equal(0.514286, WitnessBound.Centred(0, 0.25, 3, 4), 1e-6);
        Assert.Equal(minimax, MinimaxBound.Solve([3.0], [0.25], [4.0]));
    }

    [Fact]
    public void The_minimax_bound_is_attained_by_three_atoms()
    {
        // Both share mass 1 - tau at the touching point; the rest sits where the moments need it.
        double m1 = 0, s1 = 0.5, m2 = 3, s2 = 2, tau = MinimaxBound.Solve(m2 - m1, s1, s2).Bound;
        var touch = m1 + s1 * Math.Sqrt(tau / (1 - tau));
        double atom1 = touch + (m1 - touch) / tau, atom2 = touch + (m2 - touch) / tau;
        Assert.Equal(m1, (1 - tau) * touch + tau * atom1, 1e-12);
        Assert.Equal(m2, (1 - tau) * touch + tau * atom2, 1e-12);
        Assert.Equal(s1 * s1, (1 - tau) * touch * touch + tau * atom1 * atom1 - m1 * m1, 1e-9);
        Assert.Equal(s2 * s2, (1 - tau) * touch * touch + tau * atom2 * atom2 - m2 * m2, 1e-9);
        Assert.Equal(0.590164, tau, 1e-6);
    }

    [Fact]
    public void Robust_fisher_matches_the_golden_values()
    {
        Assert.Equal(0.337217097, RobustFisherBound.WithRelativeRadii([3, 2], [1, 1], S1, S2), 1e-9);
        const double ridge = 0.280384076, radius = 0.250988242;
        double[] sum = [3 + ridge, 0.7, 0.7, 4 + ridge];
        Assert.Equal(1.017579345, RobustFisherBound.Discriminant(Delta, sum, radius, out var multiplier), 1e-8);
        Assert.Equal(2.090381608, multiplier, 1e-7);
        Assert.Equal(0.775345603, RobustFisherBound.Discriminant([2, 1], [2.3, 0.7, 0.7, 1.3], 0.8), 1e-9);
        Assert.Equal(2.119205, RobustFisherBound.Discriminant([2, 1], [2, 0.7, 0.7, 1], 0), 1e-6);
    }

    [Theory]
    [InlineData(0, 1, 1, 1, 0.200, 0.200)]
    [InlineData(0, 1, 3, 1, 0.692, 0.692)]
    [InlineData(0, 1, 0, 3, 0.163, 0.242)]
    [InlineData(0, 1, 1, 3, 0.170, 0.254)]
    public void The_quadratic_witness_of_two_gaussians_matches_the_published_kind_of_table(
        double m1, double s1, double m2, double s2, double fisher, double minimax)
    {
        QuadraticMoments p = Gaussian(m1, s1 * s1), q = Gaussian(m2, s2 * s2);
        Assert.Equal(fisher, FisherBound.FromDiscriminant(FisherBound.Discriminant(p, q)), 5.1e-4);
        Assert.Equal(minimax, MinimaxBound.Solve(p, q).Bound, 5.1e-4);
    }

    [Theory]
    [InlineData(500, 4500, 0.088263)]
    [InlineData(100, 9900, 0.162897)]
    [InlineData(1000, 1000, 0.093617)]
    public void The_dkw_width_matches_the_golden_values(int countP, int countQ, double width) =>
        Assert.Equal(width, DkwBound.Epsilon(countP, countQ, 0.05), 1e-6);

    [Fact]
    public void Clopper_pearson_limits_match_the_golden_values()
    {
        Assert.Equal(0.708157, ClopperPearson.Lower(80, 100, 0.025), 1e-6);
        Assert.Equal(0.291843, ClopperPearson.Upper(20, 100, 0.025), 1e-6);
        Assert.Equal(0, ClopperPearson.Lower(0, 100, 0.025));
        Assert.Equal(1, ClopperPearson.Upper(100, 100, 0.025));
        // All successes: the limit is the n-th root of delta.
        Assert.Equal(Math.Pow(0.05, 1.0 / 30), ClopperPearson.Lower(30, 30, 0.05), 1e-10);
    }

    [Fact]
    public void Clopper_pearson_stays_exact_for_large_samples()
    {
        // For 25,000 of 50,000 the normal approximation is good to a few 1e-6.
        Assert.Equal(0.5 - 1.9599640 * 0.5 / Math.Sqrt(50_000), ClopperPearson.Lower(25_000, 50_000, 0.025), 2e-5);
    }

    [Fact]
    public void Channel_independence_matches_the_golden_values()
    {
        float[] maps = [1, 0, 2, 0, 2, 0, 4, 0, 0, 3, 0, 1];
        var independence = ChannelIndependence.Compute(maps, 3);
        Assert.Equal(0.527864, independence[0], 1e-6);
        Assert.Equal(2.763932, independence[1], 1e-6);
        Assert.Equal(3.162278, independence[2], 1e-6);
    }

    [Fact]
    public void A_batch_norm_channel_with_a_zeroed_convolution_takes_its_folded_bias() =>
        Assert.Equal(-0.811111, new BatchNormAffine(1.3, 0.2, 0.7, 0.9).Constant, 1e-6);

    [Fact]
    public void A_constant_witness_scores_zero_however_many_images_each_side_has()
    {
        var moments = new ClassMoments(2, FeatureScale.Identity(1));
        var features = new double[64 + 576];
        Array.Fill(features, 0.37);
        moments.Add(features, [.. Enumerable.Range(0, 640).Select(i => i < 64 ? 0 : 1)]);
        QuadraticMoments p = moments.Of(0, 0), q = moments.Complement(0, 0);
        Assert.Equal(0, 2 * WitnessBound.Uncentred(p.Mean1, p.Mean2, q.Mean1, q.Mean2), 1e-12);
        // What dividing 64 images by 256 and 576 by 1024 would give.
        double wrongP = 64.0 / 256, wrongQ = 576.0 / 1024;
        Assert.Equal(0.120192, 2 * WitnessBound.Uncentred(wrongP, wrongP, wrongQ, wrongQ), 1e-6);
    }

    [Fact]
    public void Gaussian_hellinger_has_its_closed_form_in_one_dimension()
    {
        Assert.Equal(1 - Math.Exp(-1.0 / 8), GaussianHellinger.Squared([0], [1], [1], [1]), 1e-12);
        Assert.Equal(1 - Math.Sqrt(0.6), GaussianHellinger.Squared([0], [1], [0], [3]), 1e-12);
        Assert.Equal(0, GaussianHellinger.Squared([2, 3], [1, 0], [2, 3], [1, 0]));
        Assert.Equal(1, GaussianHellinger.Squared([0], [0], [1], [0]));
    }

    static QuadraticMoments Gaussian(double mean, double variance) => new(
        1, mean, mean * mean + variance, variance, 2 * mean * variance, 2 * variance * variance + 4 * mean * mean * variance);
}
