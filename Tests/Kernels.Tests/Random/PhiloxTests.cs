using OnnxEdit.Kernels.RandomNumbers;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

public sealed class PhiloxTests
{
    [Theory]
    [InlineData(0UL, 0UL, 0UL, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    public void Philox_reproduces_the_published_known_answers(
        ulong index, ulong stream, ulong seed, uint w0, uint w1, uint w2, uint w3)
    {
        var words = new uint[4];
        Philox4x32.Block(index, stream, seed, words);
        Assert.Equal([w0, w1, w2, w3], words);
    }

    [Fact]
    public void A_new_generator_starts_at_counter_zero()
    {
        var random = new Philox4x32(0);
        Assert.Equal(0x6627e8d5u, random.NextUInt32());
        Assert.Equal(0xe169c58du, random.NextUInt32());
    }

    [Fact]
    public void Streams_of_one_seed_differ_and_repeat()
    {
        var a = new Philox4x32(7, 1).NextUInt64();
        Assert.Equal(a, new Philox4x32(7, 1).NextUInt64());
        Assert.NotEqual(a, new Philox4x32(7, 2).NextUInt64());
        Assert.NotEqual(a, new Philox4x32(8, 1).NextUInt64());
    }

    [Fact]
    public void Doubles_lie_in_the_half_open_unit_interval_with_mean_one_half()
    {
        var random = new Philox4x32(11);
        var sum = 0.0;
        for (var i = 0; i < 100_000; i++)
        {
            var u = random.NextDouble();
            Assert.InRange(u, 0, 1 - 1e-17);
            sum += u;
        }
        // Five standard errors of the mean of 100,000 uniforms.
        Assert.Equal(0.5, sum / 100_000, 5 * 0.2887 / 316);
    }

    [Fact]
    public void Bounded_integers_are_uniform()
    {
        var random = new Philox4x32(12);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
            counts[random.NextInt(7)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_500, 10_500));
    }

    [Fact]
    public void A_bound_that_is_not_positive_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Philox4x32(1).NextInt(0));

    [Fact]
    public void Gaussians_have_mean_zero_variance_one_and_normal_kurtosis()
    {
        var random = new Philox4x32(13);
        double first = 0, second = 0, fourth = 0;
        const int n = 100_000;
        for (var i = 0; i < n; i++)
        {
            var x = random.NextGaussian();
            first += x;
            second += x * x;
            fourth += x * x * x * x;
        }
        Assert.Equal(0, first / n, 0.016);
        Assert.Equal(1, second / n, 0.023);
        Assert.Equal(3, fourth / n, 0.16);
    }

    [Fact]
    public void A_shuffle_is_a_permutation_that_depends_on_the_seed_only()
    {
        int[] first = [.. Enumerable.Range(0, 100)], second = [.. first];
        new Philox4x32(5).Shuffle<int>(first);
        new Philox4x32(5).Shuffle<int>(second);
        Assert.Equal(first, second);
        Assert.NotEqual(Enumerable.Range(0, 100), first);
        Assert.Equal(Enumerable.Range(0, 100), first.Order());
    }
}
