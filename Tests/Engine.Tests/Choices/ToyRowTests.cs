using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Methods;
using OnnxEdit.Engine.Attribution.Runs;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Slimming.Metrics;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>Tests that change a table run while no other test reads one.</summary>
[CollectionDefinition(nameof(Tables), DisableParallelization = true)]
public sealed class Tables;

/// <summary>A row more in a table, and nothing else: verbs run it, and plans, histories and files hold its name.</summary>
[Collection(nameof(Tables))]
public sealed class ToyRowTests
{
    static readonly SmallClassifier _small = SmallClassifier.Residual();

    static T With<TRow, T>(Choices<TRow> table, TRow row, Func<T> run) where TRow : class, IChoice
    {
        var before = table.Rows;
        table.Rows = [.. before, row];
        try
        {
            return run();
        }
        finally
        {
            table.Rows = before;
        }
    }

    [Fact]
    public void A_score()
    {
        // The last channels are the best.
        var row = new ScoreRow("toy") { Cells = (analysis, _, _, _) => [.. Enumerable.Range(1, analysis.CellCount).Select(c => (double)c)] };
        var options = new SlimOptions { Score = "toy", Budget = SlimBudget.Sparsity(0.2), Recovery = RecoveryKind.None, Align = 1 };
        var result = With(ChannelScores.Table, row, () => Slimmer.Slim(_small.Model, new SlimData(), options, null, TestContext.Current.CancellationToken));
        Assert.Equal(("toy", "weights"), (result.Plan.Score, result.Plan.Statistics));
        Assert.Equal("Channels ranked by 'toy' from the weights only. No recovery.", result.Report.Basis);
        Assert.Equal("toy", ModelHistory.Read(result.Model!.Proto)[^1].Options["score"]);
        Assert.All(result.Plan.Removed.Values, gone => Assert.Equal(Enumerable.Range(0, gone.Length), gone));
        Assert.Contains("There is no score 'toy'; there are auto, tv,", Refused(() => Slimmer.Slim(_small.Model, new SlimData(), options, null, TestContext.Current.CancellationToken)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_metric()
    {
        var row = CountedMetrics.Row("toys", "toys", cost => (cost.Parameters, cost.TotalParameters), gain => gain.Parameters);
        var result = With(BudgetMetrics.Table, row, () => Slimmer.Slim(
            _small.Model, new SlimData(), new SlimOptions { Budget = SlimBudget.Parse("toys=0.8"), Recovery = RecoveryKind.None, Align = 1 }, null, TestContext.Current.CancellationToken));
        Assert.Equal("0.8 of the toys", result.Plan.Budget);
        Assert.Equal("0.8 of the toys", ModelHistory.Read(result.Model!.Proto)[^1].Options["budget"]);
        Assert.True(result.Report.After.Parameters <= 0.8 * result.Report.Before.Parameters);
        Assert.Contains("as macs=0.6, params=0.6, bytes=0.6, ms=0.7 (fractions between 0 and 1) or ms=12ms, not 'toys=0.8'", Refused(() => SlimBudget.Parse("toys=0.8")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_attribution_method()
    {
        // What nobody contributes to.
        var row = new MethodRow("toy")
        {
            Work = (_, _) => (0, 0),
            Estimate = e => e.FromAll([.. Enumerable.Range(0, e.Work.Examples).Select(_ => new float[e.Work.Components])], null),
        };
        var (images, options) = (SmallClassifier.Images(5), new AttributionOptions { Method = "toy", Batch = 5 });
        With(AttributionMethods.Table, row, () =>
        {
            using var session = AttributionSession.Open(_small.Model, images, options, null, TestContext.Current.CancellationToken);
            var found = session.Attribute();
            Assert.Equal("toy", found.Facts["method"]);
            Assert.Equal(found.Answers, found.Base);
            var data = new RunData { Path = "random:5", From = "test", Count = 5, Sha256 = new string('0', 64) };
            var text = RunManifest.Of(session, options, "/model.onnx", data).ToJson();
            Assert.Contains("\"method\": \"toy\"", text, StringComparison.Ordinal);
            Assert.Equal(text, RunManifest.Parse(System.Text.Encoding.UTF8.GetBytes(text)).ToJson());
            return found;
        });
        Assert.Contains("no attribution method 'toy'; there are combined, gradients,", Refused(() => new AttributionWork(options, 5, 5, 5)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_editor()
    {
        var row = GradientEdits.Row("toy", GradientEdits.Gd.Steps! with { Rule = a => new GradientDescent { StepSize = 2 * a } });
        var data = new ModelData("noise") { Test = SmallClassifier.Images(20) };
        var wanted = new EditRequest("7", data.Test, 7, 0);
        var result = With(ImageEditors.Table, row, () => ModelEditor.Edit(_small.Model, data, [wanted], new EditOptions { Editor = "toy" }, null, TestContext.Current.CancellationToken));
        Assert.True(Assert.Single(result.Report.Images).Success);
        Assert.Contains("gradient steps (toy, step size", result.Report.Basis, StringComparison.Ordinal);
        Assert.Equal("toy", ModelHistory.Read(result.Model.Proto)[^1].Options["editor"]);
        Assert.Contains("no editor 'toy'; there are patch, last, gd,", Refused(() => ModelEditor.Edit(_small.Model, data, [wanted], new EditOptions { Editor = "toy" }, null, TestContext.Current.CancellationToken)), StringComparison.Ordinal);
    }

    static string Refused(Func<object> action)
    {
        var error = Assert.Throws<OnnxEngineException>(action);
        Assert.Equal(ErrorKind.Usage, error.Kind);
        return error.Message;
    }
}
