using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Kernels.Sketches;
using OnnxEdit.Kernels.Witness;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

/// <summary>
/// Confidence bounds exceed the true total variation in at most a share delta = 0.05 of repetitions. With 400
/// repetitions and three standard errors of allowance, at most 33 failures are tolerated.
/// </summary>
public sealed class ConfidenceTests
{
    const int Repetitions = 400, Allowed = 33;
    const double Delta = 0.05;

    // Total variation of N(0,1) and N(1,1), kept by any cut at zero because the best threshold, 1/2, lies above it.
    const double UnitShift = 0.3829249;

    public static TheoryData<string, double, int, int> Cases => new()
    {
        { "shift", UnitShift, 200, 200 },
        { "shift", UnitShift, 100, 900 },
        { "relu", UnitShift, 200, 200 },
        { "same", 0, 200, 200 },
        { "same relu", 0, 50, 450 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_dkw_bound_on_histograms_covers(string kind, double truth, int n1, int n2) => Covers(kind, truth, n1, n2, (p, q) =>
    {
        double[] all = [.. p, .. q];
        var histograms = new ClassHistograms(2, FeatureScale.FromPilot(all.AsSpan(0, 64), 1));
        using var backend = new SimdBackend(1);
        histograms.Add(all, [.. Enumerable.Range(0, all.Length).Select(i => i < n1 ? 0 : 1)], backend);
        return DkwBound.Lower(histograms.KolmogorovSmirnov(0, 0), n1, n2, Delta);
    });

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_split_sample_bound_covers(string kind, double truth, int n1, int n2) => Covers(kind, truth, n1, n2, (p, q) =>
        SplitSampleBound.Lower(p.AsSpan(0, n1 / 2), q.AsSpan(0, n2 / 2), p.AsSpan(n1 / 2), q.AsSpan(n2 / 2), Delta));

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_clipped_moment_bound_covers(string kind, double truth, int n1, int n2) => Covers(kind, truth, n1, n2, (p, q) =>
        ClippedMomentBound.Lower(p, q, -2, 3, Delta));

    [Fact]
    public void Confidence_bounds_find_a_clear_difference()
    {
        var random = new Philox4x32(201);
        double[] p = Draw(random, 1000, 0, false), q = Draw(random, 1000, 1, false);
        Assert.InRange(SplitSampleBound.Lower(p.AsSpan(0, 500), q.AsSpan(0, 500), p.AsSpan(500), q.AsSpan(500), Delta), 0.2, UnitShift);
        double[] wide = [.. q.Select(x => x + 3)];
        Assert.InRange(ClippedMomentBound.Lower(p, wide, -2, 6, Delta), 0.1, 1);
    }

    [Fact]
    public void A_failure_probability_outside_the_unit_interval_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => DkwBound.Epsilon(10, 10, 1));

    static void Covers(string kind, double truth, int n1, int n2, Func<double[], double[], double> bound)
    {
        var random = new Philox4x32(200, (ulong)(n1 + kind.Length));
        var relu = kind.EndsWith("relu", StringComparison.Ordinal);
        var shift = kind.StartsWith("same", StringComparison.Ordinal) ? 0 : 1;
        var failures = 0;
        for (var i = 0; i < Repetitions; i++)
            if (bound(Draw(random, n1, 0, relu), Draw(random, n2, shift, relu)) > truth)
                failures++;
        Assert.InRange(failures, 0, Allowed);
    }

    static double[] Draw(Philox4x32 random, int count, double mean, bool relu) =>
        [.. Enumerable.Range(0, count).Select(_ => mean + random.NextGaussian()).Select(x => relu ? Math.Max(0, x) : x)];
}
