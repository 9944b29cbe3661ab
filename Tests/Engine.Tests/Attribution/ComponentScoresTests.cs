using OnnxEdit.Engine.Attribution.Corrections;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public class ComponentScoresTests
{
    static readonly float[][] _target = [[.5f, -.2f], [.7f, .1f], [.6f, 0]], _reference = [[.1f, 0], [0, .1f], [.2f, -.1f], [.1f, 0]];

    [Fact]
    public void The_published_statistic_has_population_variances()
    {
        var t = ComponentScores.Of(_target, _reference, ComponentScoring.Welch);
        Assert.Equal(8.485281, t[0], 1e-5);
        Assert.Equal(-0.415526, t[1], 1e-5);
    }

    [Fact]
    public void Moderated_variances_lie_between_their_own_and_the_median()
    {
        // A component that hardly varies in three examples is not infinitely sure.
        float[][] target = [[1, 0, 2], [1.0001f, 1, 4], [0.9999f, 2, 0]], reference = [[0, 0, 0], [0.0001f, 1, 1], [0.0002f, 0, 1]];
        var (welch, moderated) = (ComponentScores.Of(target, reference, ComponentScoring.Welch), ComponentScores.Of(target, reference, ComponentScoring.Moderated));
        Assert.True(welch[0] > 1000 && moderated[0] is > 1 and < 10, $"{welch[0]}, {moderated[0]}");
        Assert.Equal(Math.Sign(welch[2]), Math.Sign(moderated[2]));
    }

    [Fact]
    public void Pairs_see_a_difference_that_is_small_beside_the_spread()
    {
        var random = new Random(1);
        float[][] reference = [.. Enumerable.Range(0, 12).Select(_ => new[] { 100 * (float)random.NextDouble(), (float)random.NextDouble() })];
        float[][] target = [.. reference.Select(r => new[] { r[0] - 1 + 0.1f * (float)random.NextDouble(), r[1] + 0.1f * (float)random.NextDouble() })];
        Assert.True(ComponentScores.Of(target, reference, ComponentScoring.Paired)[0] < -10);
        Assert.True(Math.Abs(ComponentScores.Of(target, reference, ComponentScoring.Welch)[0]) < 1);
        Assert.Contains("no pairs", Assert.Throws<OnnxEngineException>(() => ComponentScores.Of(target[..3], reference, ComponentScoring.Paired)).Message, StringComparison.Ordinal);
    }
}
