using System.Globalization;
using OnnxEdit.Engine.Attribution.Corrections;
using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Cli;

/// <summary>What an edit by attributions did, step by step.</summary>
static class ComponentEditTable
{
    /// <summary>Components ablated in part that are listed.</summary>
    const int Listed = 10;

    /// <summary>Prints the table, or JSON.</summary>
    internal static void Write(CommandContext context, ComponentEditReport report, bool isSlim, double seconds, string path)
    {
        if (context.Global.Json)
        {
            context.Output.Json("coar-edit", 1, new { Out = path, report.Kept, report.Steps, Left = report.Left.Select(c => new { c.Component, c.Left }), Slim = report.Slim is { } r ? new { r.Groups, r.Before, r.After } : null, report.Lowered, AccuracyBefore = report.Test?.Before.Top1, AccuracyAfter = report.Test?.After.Top1, Seconds = seconds, context.Global.Seed });
            return;
        }
        var output = context.Output;
        var isPartial = report.Steps[^1].Component is null;
        var table = isPartial ? new ResultTable("ablated in part", "target %", "validation %") : new ResultTable("ablated", "<component", "t", "target %", "validation %");
        for (var k = 0; k < report.Steps.Count; k++)
        {
            var step = report.Steps[k];
            var (ablated, target, validation) = ($"{step.Ablated}{(k == report.Kept ? " *" : "")}", Figures.Percent(step.TargetAccuracy), Figures.Percent(step.ValidationAccuracy));
            if (isPartial) table.Row(ablated, target, validation);
            else table.Row(ablated, step.Component ?? "", k == 0 ? "" : step.Score.ToString("F1", CultureInfo.InvariantCulture), target, validation);
        }
        output.Table(table);
        output.Line("*: kept");
        if (isPartial)
            output.Line($"least is left of {string.Join(", ", report.Left.Take(Listed).Select(c => FormattableString.Invariant($"{c.Component} ({100 * c.Left:F0} %)")))}{(report.Left.Count > Listed ? $" and {report.Left.Count - Listed} more" : "")}");
        if (report.Slim is { } slim)
            output.Line($"removed {slim.Groups.Sum(g => g.Before - g.After)} channels physically, parameters {Figures.Count(slim.Before.Parameters)} -> {Figures.Count(slim.After.Parameters)}, MACs {Figures.Count(slim.Before.Macs)} -> {Figures.Count(slim.After.Macs)}");
        else if (isSlim) output.Line("removed no channel physically: each is made by components that are still there, too, or cannot go");
        if (report.Test is var (before, after))
        {
            var difference = PairedDifference.Of(before.Correct, after.Correct);
            output.Line(FormattableString.Invariant(
                $"top-1 {Figures.Percent(before.Top1)} % -> {Figures.Percent(after.Top1)} % ({100 * difference.Difference:+0.00;-0.00;0.00} points, standard error {Figures.Percent(difference.StandardError)}, paired, {Figures.Count(before.Count)} test items)"));
            if (report.Lowered.Count > 0 && report.Lowered.Count < before.Classes)
                output.Line($"{Group("the target's classes", before, after, report.Lowered.Contains)}; {Group("the others", before, after, c => !report.Lowered.Contains(c))}");
        }
        output.Line(FormattableString.Invariant($"{seconds:F1} s, seed {context.Global.Seed}"));
        output.Line($"wrote {path}");
    }

    static string Group(string name, Evaluation before, Evaluation after, Func<int, bool> isIncluded) =>
        $"{name} {Figures.Percent(before.On(isIncluded))} % -> {Figures.Percent(after.On(isIncluded))} %";
}
