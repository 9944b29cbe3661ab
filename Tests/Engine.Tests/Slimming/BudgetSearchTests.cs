using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Slimming.Metrics;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
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
        var numbers = new SeededNumbers(4);
        var free = _analysis.Groups.Where(g => g.Cells.Any(c => _analysis.LockOf(c) is null));
        return new Allocation(_analysis, free.ToDictionary(g => g, g => new GroupCurve([.. g.Cells], [.. g.Cells.Select(_ => Math.Abs(numbers.Normal())).Order()])), _ => align);
    }

    bool[] Found(string metric, double value, int align = 1, Func<bool[], double>? drop = null) => new BudgetSearch(
        Allocation(align), _analysis, _classifier.Model.Proto, new SlimOptions { Budget = new SlimBudget(metric, value) }, drop ?? (_ => throw new InvalidOperationException("Accuracy is not asked for.")),
        new Told(_told), TestContext.Current.CancellationToken).Run();

    // Reports at once and in order, unlike Progress<T>.
    sealed class Told(List<WorkProgress> list) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value) => list.Add(value);
    }

    // What is left of what the metric counts.
    static double Left(string metric, IReadOnlyList<bool> removed)
    {
        var cost = new RemovalCost(_analysis);
        for (var cell = 0; cell < removed.Count; cell++)
            if (removed[cell]) cost.Remove(cell);
        return metric switch
        {
            "macs" => cost.Macs / cost.TotalMacs,
            "bytes" => cost.Bytes / cost.TotalBytes,
            _ => cost.Parameters / cost.TotalParameters,
        };
    }

    static double Share(IReadOnlyList<bool> removed) => 1 - Left("params", removed);

    [Theory]
    [InlineData("params", 0.6)]
    [InlineData("params", 0.3)]
    [InlineData("macs", 0.6)]
    [InlineData("macs", 0.3)]
    [InlineData("bytes", 0.6)]
    public void A_budget_is_met_in_what_it_counts_and_no_channel_goes_without_need(string metric, double left)
    {
        var removed = Found(metric, left);
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
        var removed = Found("params", 0.6);
        Assert.Equal(removed, Found("params", Left("params", removed)));
    }

    [Theory]
    [InlineData("params", "parameters")]
    [InlineData("macs", "MACs")]
    [InlineData("bytes", "bytes")]
    public void A_budget_that_cannot_be_met_is_refused_with_how_far_one_can_go(string metric, string what)
    {
        var error = Assert.Throws<OnnxEngineException>(() => Found(metric, 0.001));
        Assert.Equal(ErrorKind.TargetNotReached, error.Kind);
        // Where everything goes that can go, whatever is counted.
        var (removed, _, _) = Allocation().Choose(g => g.Parameters, _ => false);
        Assert.StartsWith(FormattableString.Invariant($"At most {100 * (1 - Left(metric, removed)):0.0} % of the {what} can be removed (asked for: 99.9 %)"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_share_of_nothing_is_refused_with_another_way()
    {
        var b = new GraphBuilder(1);
        var model = b.Build(b.Relu(b.Input("x", 3)));
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model));
        var allocation = new Allocation(analysis, new Dictionary<ChannelGroup, GroupCurve>(), _ => 1);
        var search = new BudgetSearch(allocation, analysis, model, new SlimOptions { Budget = new SlimBudget("macs", 0.6) }, _ => 0, new Told(_told), TestContext.Current.CancellationToken);
        var error = Assert.Throws<OnnxEngineException>(search.Run);
        Assert.Equal(ErrorKind.TargetNotReached, error.Kind);
        Assert.StartsWith("No MACs can be counted in this model", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_smallest_model_within_an_accuracy_drop_is_found_by_halving()
    {
        // A point is lost for every hundredth of the parameters.
        List<bool[]> tried = [];
        var found = Found("max-drop", 30, drop: removed =>
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
        var found = Found("max-drop", 1, drop: removed =>
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
        var found = Found("max-drop", 1, align: 16, drop: _ => ++tried > 0 ? 1 : 0);
        Assert.Equal(most, found);
        Assert.True(tried is >= 2 and < 6, $"{tried}");
    }
}
