using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Tests.Support;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class BudgetSearchTests
{
    // Two groups whose channels are a hundredth to a fortieth of the parameters each.
    static readonly SmallClassifier _classifier = Wide();

    static readonly ChannelAnalysis _analysis = _classifier.Analysis;

    readonly List<WorkProgress> _told = [];

    static SmallClassifier Wide()
    {
        var b = new GraphBuilder(5);
        var first = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 32, pads: 1, name: "first"));
        var second = b.Relu(b.Conv(first, 40, pads: 1, name: "second"));
        return new SmallClassifier(b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(second)), SmallClassifier.Classes, name: "head")));
    }

    static Allocation Allocation(int align = 1)
    {
        var numbers = new Numbers(4);
        var free = _analysis.Groups.Where(g => g.Cells.Any(c => _analysis.LockOf(c) is null));
        return new Allocation(_analysis, free.ToDictionary(g => g, g => new GroupCurve([.. g.Cells], [.. g.Cells.Select(_ => Math.Abs(numbers.Normal())).Order()])), _ => align);
    }

    BudgetSearch Search(BudgetMetric metric, double value, int align = 1) =>
        new(Allocation(align), _analysis, _classifier.Model.Proto, new SlimOptions { Budget = new SlimBudget(metric, value) }, new Told(_told), TestContext.Current.CancellationToken);

    // Reports at once and in order, unlike Progress<T>.
    sealed class Told(List<WorkProgress> list) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value) => list.Add(value);
    }

    // What is left of what the metric counts.
    static double Left(BudgetMetric metric, IReadOnlyList<bool> removed)
    {
        var cost = new RemovalCost(_analysis);
        for (var cell = 0; cell < removed.Count; cell++)
            if (removed[cell]) cost.Remove(cell);
        return metric switch
        {
            BudgetMetric.Macs => cost.Macs / cost.TotalMacs,
            BudgetMetric.Bytes => cost.Bytes / cost.TotalBytes,
            _ => cost.Parameters / cost.TotalParameters,
        };
    }

    static double Share(IReadOnlyList<bool> removed) => 1 - Left(BudgetMetric.Parameters, removed);

    [Theory]
    [InlineData(BudgetMetric.Parameters, 0.6)]
    [InlineData(BudgetMetric.Parameters, 0.3)]
    [InlineData(BudgetMetric.Macs, 0.6)]
    [InlineData(BudgetMetric.Macs, 0.3)]
    [InlineData(BudgetMetric.Bytes, 0.6)]
    public void A_budget_is_met_in_what_it_counts_and_no_channel_goes_without_need(BudgetMetric metric, double left)
    {
        var removed = Search(metric, left).Run();
        Assert.True(Left(metric, removed) <= left + 1e-9);
        for (var cell = 0; cell < removed.Length; cell++)
        {
            if (!removed[cell]) continue;
            var kept = removed.ToArray();
            kept[cell] = false;
            Assert.True(Left(metric, kept) > left + 1e-9, $"cell {cell} could have stayed");
        }
    }

    [Fact]
    public void A_budget_met_to_the_last_parameter_costs_no_further_channel()
    {
        var removed = Search(BudgetMetric.Parameters, 0.6).Run();
        Assert.Equal(removed, Search(BudgetMetric.Parameters, Left(BudgetMetric.Parameters, removed)).Run());
    }

    [Theory]
    [InlineData(BudgetMetric.Parameters, "parameters")]
    [InlineData(BudgetMetric.Macs, "MACs")]
    [InlineData(BudgetMetric.Bytes, "bytes")]
    public void A_budget_that_cannot_be_met_is_refused_with_how_far_one_can_go(BudgetMetric metric, string what)
    {
        var error = Assert.Throws<OnnxEngineException>(() => Search(metric, 0.001).Run());
        Assert.Equal(ErrorKind.TargetNotReached, error.Kind);
        // Where everything goes that can go, whatever is counted.
        var (removed, _, _) = Allocation().Choose(g => g.Parameters, _ => false);
        Assert.StartsWith(FormattableString.Invariant($"At most {100 * (1 - Left(metric, removed)):0.0} % of the {what} can be removed (asked for: 99.9 %)"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_smallest_model_within_an_accuracy_drop_is_found_by_halving()
    {
        // A point is lost for every hundredth of the parameters.
        List<bool[]> tried = [];
        var found = Search(BudgetMetric.AccuracyDrop, 30).ByAccuracy(removed =>
        {
            tried.Add(removed);
            return 100 * Share(removed);
        });
        Assert.Equal(found, tried.Where(removed => Share(removed) <= 0.3).MaxBy(Share));
        // 0.475 and 0.2375 first; then the distance to what is known to be too much halves each time.
        Assert.Equal(6, tried.Count);
        Assert.True(Share(tried[0]) is >= 0.475 and < 0.5 && Share(tried[1]) is >= 0.2375 and < 0.26, string.Join(' ', tried.Select(Share)));
        // 0.95 / 2^6, and the channel by which a candidate may exceed what was asked for.
        var tooMuch = tried.Where(removed => Share(removed) > 0.3).Min(Share);
        Assert.True(tooMuch - Share(found) < 0.95 / 64 + 0.03, $"{Share(found)}, {tooMuch}");
        Assert.Equal(Enumerable.Range(0, 7).Select(step => new WorkProgress("searching", step, 6)), _told);
    }

    [Fact]
    public void Where_every_removal_costs_too_much_nothing_is_removed()
    {
        var shares = new List<double>();
        var found = Search(BudgetMetric.AccuracyDrop, 1).ByAccuracy(removed =>
        {
            shares.Add(Share(removed));
            return 1.001;
        });
        Assert.DoesNotContain(true, found);
        Assert.Equal(shares.OrderDescending(), shares);
        Assert.True(shares[^1] < 0.95 / 64 + 0.03, $"{shares[^1]}");
    }

    [Fact]
    public void A_drop_of_just_what_is_allowed_is_allowed_and_what_cannot_be_reached_is_not_tried()
    {
        // Sixteen channels of each group have to stay, so that the second half of the search asks for too much.
        var most = Allocation(align: 16).Choose(g => g.Parameters, _ => false).Removed;
        Assert.True(Share(most) is > 0.7125 and < 0.83125, $"{Share(most)}");
        var tried = 0;
        var found = Search(BudgetMetric.AccuracyDrop, 1, align: 16).ByAccuracy(_ => ++tried > 0 ? 1 : 0);
        Assert.Equal(most, found);
        Assert.True(tried is >= 2 and < 6, $"{tried}");
    }
}
