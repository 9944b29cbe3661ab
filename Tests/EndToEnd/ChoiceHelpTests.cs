using System.CommandLine;
using System.CommandLine.Help;
using OnnxEdit.Cli;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution.Methods;
using OnnxEdit.Engine.Deployment.Gates;
using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Slimming.Metrics;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>A row more in a table is in the help, the completions and the errors of the command line, which is built anew here in process.</summary>
public sealed class ChoiceHelpTests
{
    [Fact]
    public void A_score()
    {
        var (help, found) = With(ChannelScores.Table, new ScoreRow("toy") { Help = "a toy", Cells = (_, _, _, _) => [] }, "slim", "slim m.onnx --score to");
        Assert.Contains("|random|toy>", help, StringComparison.Ordinal);
        Assert.Contains("How channels are ranked; toy: a toy [default: auto]", help, StringComparison.Ordinal);
        Assert.Contains("toy", found);
    }

    [Fact]
    public void An_attribution_method()
    {
        var row = new MethodRow("toy") { Work = (_, _) => (0, 0), Estimate = _ => throw new InvalidOperationException("The help runs nothing.") };
        foreach (var command in new[] { "coar", "coar plan" })
        {
            var (help, found) = With(AttributionMethods.Table, row, command, $"{command} m.onnx --method to");
            Assert.Contains("|random|toy>", help, StringComparison.Ordinal);
            Assert.Contains("toy", found);
        }
    }

    [Fact]
    public void An_editor()
    {
        var row = new EditorRow("toy") { Help = "a toy", Prepare = _ => throw new InvalidOperationException("The help runs nothing.") };
        var (help, found) = With(ImageEditors.Table, row, "edit", "edit m.onnx --editor to");
        Assert.Contains("|adam|toy>", help, StringComparison.Ordinal);
        Assert.Contains("last: the last layer's weights; toy: a toy; the others: gradient steps, ten at most [default: patch]", help, StringComparison.Ordinal);
        Assert.Contains("toy", found);
    }

    [Fact]
    public void A_metric()
    {
        var row = new MetricRow("toy") { Target = ("toy=", "0.5", "t"), Say = _ => "", Search = (_, _) => [] };
        Assert.Contains("ms=0.7 (of the original's) or ms=12ms or toy=0.5t", With(BudgetMetrics.Table, row, "slim", "slim --targ").Help, StringComparison.Ordinal);
        Assert.Contains("ms=0.7, toy=0.5t (of the original's) or ms=12ms", With(BudgetMetrics.Table, row with { IsFraction = true }, "slim", "slim --targ").Help, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gate()
    {
        var row = new GateRow("require-toy") { Help = "A toy at least", Bounds = Bounds.Above(0), Missed = (_, _) => null };
        var (help, found) = With(DeploymentGates.Table, row, "deploy", "deploy m.onnx --to repo --require-t");
        Assert.Matches(@"--require-toy <X> +A toy at least\n", help);
        Assert.Contains("--require-toy", found);
    }

    static (string Help, string[] Completions) With<TRow>(Choices<TRow> table, TRow row, string command, string line) where TRow : class, IChoice
    {
        var before = table.Rows;
        table.Rows = [.. before, row];
        try
        {
            var root = CommandLineApp.Root();
            // So wide that no line breaks.
            foreach (var option in root.Options.OfType<HelpOption>()) ((ExampleHelp)option.Action!).Width = 2000;
            using var output = new StringWriter();
            Assert.Equal(0, root.Parse($"{command} --help").Invoke(new InvocationConfiguration { Output = output }));
            return (output.ToString(), [.. root.Parse(line).GetCompletions(line.Length).Select(c => c.Label)]);
        }
        finally
        {
            table.Rows = before;
        }
    }
}
