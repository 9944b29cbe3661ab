using OnnxEdit.Engine.Slimming;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class SlimPlanTests : IDisposable
{
    static readonly ChannelAnalysis _analysis = SmallClassifier.Residual().Analysis;

    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static SlimPlan Plan(IReadOnlyDictionary<string, int[]> removed) => new()
    {
        SourceSha256 = new string('0', 64),
        Score = "l1",
        Statistics = "weights",
        Budget = "params=0.5",
        Align = 1,
        Seed = 3,
        Removed = removed,
    };

    [Fact]
    public void A_plan_survives_its_file()
    {
        var removed = new bool[_analysis.CellCount];
        foreach (var group in _analysis.Groups.Where(g => _analysis.LockOf(g.Cells[0]) is null)) removed[group.Cells[1]] = removed[group.Cells[3]] = true;
        var plan = Plan(SlimPlan.Describe(_analysis, removed));
        // The residual stream is made by two convolutions, and the block's inside by a third.
        Assert.Equal(["inner", "outer", "stem"], plan.Removed.Keys);
        Assert.Equal([1, 3], plan.Removed["outer"]);
        var loaded = SlimPlan.Load(_folder.WriteText("plan.json", plan.ToJson()));
        Assert.Equal(removed, loaded.Resolve(_analysis));
        Assert.Equal(plan.ToJson(), loaded.ToJson());
    }

    [Fact]
    public void A_plan_that_does_not_fit_says_where()
    {
        Misfit("node 'nowhere'", new() { ["nowhere"] = [0] });
        Misfit("channel 5 of 'inner'", new() { ["inner"] = [5] });
        Misfit("channel -1 of 'inner'", new() { ["inner"] = [-1] });
        Misfit("'outer'", new() { ["stem"] = [1] });
    }

    [Fact]
    public void A_plan_must_not_take_what_is_locked_or_the_last_channel()
    {
        Misfit("head", new() { ["head"] = [0] });
        Misfit("inner", new() { ["inner"] = [0, 1, 2, 3, 4] });
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"schema\": \"onnxedit.plan/2\"}")]
    [InlineData("{\"sourceSha256\": \"0\", \"score\": \"l1\", \"statistics\": \"\", \"budget\": \"\", \"align\": 1, \"seed\": 0, \"removed\": {}}")]
    [InlineData("{\"sourceSha256\": null, \"score\": \"l1\", \"statistics\": \"\", \"budget\": \"\", \"align\": 1, \"seed\": 0, \"removed\": null}")]
    public void A_file_that_is_no_plan_is_named(string text) =>
        Assert.Contains("plan.json", Assert.Throws<OnnxEngineException>(() => SlimPlan.Load(_folder.WriteText("plan.json", text))).Message, StringComparison.Ordinal);

    static void Misfit(string named, Dictionary<string, int[]> removed)
    {
        var thrown = Assert.Throws<OnnxEngineException>(() => Plan(removed).Resolve(_analysis));
        Assert.Equal(ErrorKind.Usage, thrown.Kind);
        Assert.Contains(named, thrown.Message, StringComparison.Ordinal);
    }
}
