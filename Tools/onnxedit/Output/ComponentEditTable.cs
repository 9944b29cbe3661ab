using System.Globalization;
using OnnxEdit.Engine;

namespace OnnxEdit.Cli;

/// <summary>What an edit by attributions did, step by step.</summary>
static class ComponentEditTable
{
    /// <summary>Prints the table, or JSON.</summary>
    internal static void Write(CommandContext context, ComponentEditReport report, double seconds, string path)
    {
        if (context.Global.Json)
        {
            context.Output.Json("coar-edit", 1, new { Out = path, report.Kept, report.Steps, AccuracyBefore = report.Test?.Before.Top1, AccuracyAfter = report.Test?.After.Top1, Seconds = seconds, context.Global.Seed });
            return;
        }
        var output = context.Output;
        var table = new ResultTable("ablated", "<component", "t", "target %", "validation %");
        for (var k = 0; k < report.Steps.Count; k++)
        {
            var step = report.Steps[k];
            table.Row($"{k}{(k == report.Kept ? " *" : "")}", step.Component ?? "", k == 0 ? "" : step.Score.ToString("F1", CultureInfo.InvariantCulture), Figures.Percent(step.TargetAccuracy), Figures.Percent(step.ValidationAccuracy));
        }
        output.Table(table);
        output.Line("*: kept");
        if (report.Test is var (before, after))
        {
            var difference = PairedDifference.Of(before.Correct, after.Correct);
            output.Line(FormattableString.Invariant(
                $"top-1 {Figures.Percent(before.Top1)} % -> {Figures.Percent(after.Top1)} % ({100 * difference.Difference:+0.00;-0.00;0.00} points, standard error {Figures.Percent(difference.StandardError)}, paired, {Figures.Count(before.Count)} test images)"));
        }
        output.Line(FormattableString.Invariant($"{seconds:F1} s, seed {context.Global.Seed}"));
        output.Line($"wrote {path}");
    }
}
