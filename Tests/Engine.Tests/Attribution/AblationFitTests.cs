using OnnxEdit.Engine.Attribution.Ablations;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public class AblationFitTests
{
    const int Components = 12, Examples = 3;

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.3, false)]
    [InlineData(0.3, true)]
    public void The_fit_solves_the_normal_equations(double ridge, bool hasPrior)
    {
        var (masks, answers) = Draw(200, 0);
        var prior = hasPrior ? Enumerable.Range(0, Components).Select(j => Enumerable.Range(0, Examples).Select(e => 0.1 * j - e).ToArray()).ToArray() : null;
        var moments = new AblationMoments(Sums(masks, answers));
        var w = AblationFit.Solve(moments, prior, ridge);
        // Plainly, from the rows themselves: sum z (y - z'w) / n = lambda (w - p), all centred.
        var mean = Enumerable.Range(0, Components).Select(j => masks.Average(m => m[j] ? 1.0 : 0)).ToArray();
        var variance = mean.Average(p => p * (1 - p));
        for (var e = 0; e < Examples; e++)
        {
            var centre = answers.Average(a => (double)a[e]);
            double Rest(int k) => answers[k][e] - centre - Enumerable.Range(0, Components).Sum(j => ((masks[k][j] ? 1 : 0) - mean[j]) * w[j][e]);
            for (var j = 0; j < Components; j++)
                Assert.Equal(ridge * variance * (w[j][e] - (prior?[j][e] ?? 0)), Enumerable.Range(0, masks.Length).Average(k => ((masks[k][j] ? 1 : 0) - mean[j]) * Rest(k)), 1e-6);
        }
    }

    [Fact]
    public void Errors_are_those_of_the_predictions()
    {
        var (masks, answers) = Draw(150, 1);
        var moments = new AblationMoments(Sums(masks, answers));
        var w = AblationFit.Solve(moments, null, 0.5);
        var errors = moments.Errors(w);
        for (var e = 0; e < Examples; e++)
        {
            double[] predicted = [.. masks.Select(m => Enumerable.Range(0, Components).Sum(j => m[j] ? w[j][e] : 0))];
            double[] rest = [.. predicted.Zip(answers, (p, a) => a[e] - p)];
            var mean = rest.Average();
            Assert.Equal(rest.Average(r => (r - mean) * (r - mean)), errors[e], 1e-8);
        }
    }

    [Fact]
    public void Sums_do_not_depend_on_how_masks_are_shared_out()
    {
        var (masks, answers) = Draw(40, 2);
        var whole = Sums(masks, answers);
        var parts = AblationSums.Of(Sums(masks[..13], answers[..13]), Sums(masks[13..], answers[13..]));
        Assert.Equal(whole.Count, parts.Count);
        Assert.Equal(whole.Together, parts.Together);
        for (var j = 0; j < Components; j++)
            for (var e = 0; e < Examples; e++) Assert.Equal(whole.Answers[j][e], parts.Answers[j][e], 1e-12);
    }

    [Fact]
    public void A_prior_is_scaled_to_what_ablations_say()
    {
        var (masks, answers) = Draw(400, 3);
        var moments = new AblationMoments(Sums(masks, answers));
        var truth = AblationFit.Solve(moments, null, 0);
        double[][] prior = [.. truth.Select(row => row.Select(v => 3 * v).ToArray())];
        AblationFit.Scale(prior, moments);
        for (var j = 0; j < Components; j++)
            for (var e = 0; e < Examples; e++) Assert.Equal(truth[j][e], prior[j][e], 1e-6);
    }

    static (bool[][] Masks, float[][] Answers) Draw(int count, int seed)
    {
        var random = new Random(seed);
        bool[][] masks = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, Components).Select(_ => random.NextDouble() < 0.3).ToArray())];
        float[][] answers = [.. masks.Select(m => Enumerable.Range(0, Examples).Select(e => (float)(m.Select((a, j) => a ? j - e : 0).Sum() + random.NextDouble())).ToArray())];
        return (masks, answers);
    }

    static AblationSums Sums(bool[][] masks, float[][] answers)
    {
        var sums = new AblationSums(Components, Examples);
        for (var k = 0; k < masks.Length; k++) sums.Add([.. Enumerable.Range(0, Components).Where(j => masks[k][j])], answers[k]);
        return sums;
    }
}
