using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class AllocationTests
{
    static readonly ChannelAnalysis _analysis = SmallClassifier.Residual().Analysis;

    static Dictionary<ChannelGroup, GroupCurve> Curves(int seed)
    {
        var numbers = new SeededNumbers(seed);
        return _analysis.Groups.Where(g => g.Cells.Any(c => _analysis.LockOf(c) is null)).ToDictionary(
            g => g, g => new GroupCurve([.. g.Cells], [.. g.Cells.Select(_ => Math.Abs(numbers.Normal())).Order()]));
    }

    [Theory]
    [InlineData(1, 0.7)]
    [InlineData(1, 0.4)]
    [InlineData(2, 0.6)]
    [InlineData(3, 0.8)]
    public void The_budget_is_met_in_multiples_and_nothing_is_removed_without_need(int align, double left)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            var curves = Curves(seed);
            var (removed, reached, cost) = new Allocation(_analysis, curves, _ => align).Choose(g => g.Parameters, c => c.Parameters <= left * c.TotalParameters);
            Assert.True(reached);
            Assert.True(cost.Parameters <= left * cost.TotalParameters);
            foreach (var group in curves.Keys.Where(g => g.Cells.Any(c => removed[c])))
                Assert.Equal(0, group.Cells.Count(c => !removed[c]) % align);
            if (align > 1) continue;
            for (var cell = 0; cell < removed.Length; cell++)
            {
                if (!removed[cell]) continue;
                cost.Restore(cell);
                Assert.True(cost.Parameters > left * cost.TotalParameters);
                cost.Remove(cell);
            }
        }
    }

    [Fact]
    public void A_multiple_that_is_only_a_wish_is_refined_where_it_misses_the_budget()
    {
        const double left = 0.8;
        for (var seed = 0; seed < 5; seed++)
        {
            bool IsMet(RemovalCost c) => c.Parameters <= left * c.TotalParameters;
            bool IsClose(RemovalCost c) => c.Parameters >= (1 - 1.1 * (1 - left)) * c.TotalParameters;
            Assert.False(new Allocation(_analysis, Curves(seed), _ => 64).Choose(g => g.Parameters, IsMet).Reached);
            var (_, reached, coarse) = new Allocation(_analysis, Curves(seed), _ => 64, mayRefine: true).Choose(g => g.Parameters, IsMet);
            var (removed, _, cost) = new Allocation(_analysis, Curves(seed), _ => 64, mayRefine: true).Choose(g => g.Parameters, IsMet, IsClose);
            Assert.True(reached && IsMet(cost) && cost.Parameters >= coarse.Parameters);
            var again = new RemovalCost(_analysis);
            for (var cell = 0; cell < removed.Length; cell++)
                if (removed[cell]) again.Remove(cell);
            Assert.Equal(cost.Parameters, again.Parameters, 1e-6);
        }
    }

    [Fact]
    public void The_cost_is_that_of_the_model_without_these_channels()
    {
        var (removed, _, cost) = new Allocation(_analysis, Curves(1), _ => 1).Choose(g => g.Macs, c => c.Macs <= 0.5 * c.TotalMacs);
        var slim = NormalisedModel.Create(ChannelRemoval.Apply(_analysis, removed));
        var counts = ModelCounts.Of(slim.Proto, slim.Trace.Sizes);
        Assert.Equal(cost.Parameters, counts.Parameters);
        Assert.Equal(cost.Macs, counts.Macs);
    }

    [Fact]
    public void What_cannot_be_reached_is_said_and_leaves_every_group_a_channel()
    {
        var (removed, reached, _) = new Allocation(_analysis, Curves(2), _ => 1).Choose(g => g.Parameters, _ => false);
        Assert.False(reached);
        Assert.All(_analysis.Groups, g => Assert.Contains(g.Cells, c => !removed[c]));
    }
}
