using System.Globalization;
using OnnxEdit.Engine.EditableTraining;
using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Cli;

/// <summary>What an editable training did: the cost of edits on the way, accuracy before and after.</summary>
static class EditableTable
{
    /// <summary>Prints the tables, or JSON.</summary>
    internal static void Write(CommandContext context, EditableReport report, EditableOptions options, double seconds, string target)
    {
        if (context.Global.Json)
        {
            context.Output.Json("finetune-editable", 1, new
            {
                Out = target,
                Seconds = seconds,
                report.Steps,
                report.BestStep,
                End = report.End.ToString(),
                report.Curve,
                EditStepSize = report.Best.EditStepSize,
                AccuracyBefore = report.Before?.Top1,
                AccuracyAfter = report.After?.Top1,
                Images = report.Before?.Count,
                report.Basis,
                options.Seed,
            });
            return;
        }
        var output = context.Output;
        var looks = new ResultTable("step", "training loss", "top-1 %", "drawdown, points", "success %", "edit steps", "edit step size");
        foreach (var p in report.Curve)
            looks.Row($"{p.Step}{(p.Step == report.BestStep ? " *" : "")}", double.IsNaN(p.Training) ? "" : p.Training.ToString("F4", CultureInfo.InvariantCulture), Figures.Percent(p.Top1),
                p.Drawdown.ToString("0.00;-0.00;0.00", CultureInfo.InvariantCulture), Figures.Percent(p.Success), Figures.Plain(p.EditSteps), p.EditStepSize.ToString("0.##e0", CultureInfo.InvariantCulture));
        output.Table(looks);
        output.Line($"*: kept; top-1 and drawdown on validation items, {options.MeasuredEdits} edits a look");
        if (report is { Before: { } before, After: { } after })
        {
            var difference = PairedDifference.Of(before.Correct, after.Correct);
            output.Line(FormattableString.Invariant(
                $"top-1 without an edit {Figures.Percent(before.Top1)} % -> {Figures.Percent(after.Top1)} % ({100 * difference.Difference:+0.00;-0.00;0.00} points, standard error {Figures.Percent(difference.StandardError)}, paired, {Figures.Count(before.Count)} test items)"));
        }
        output.Line(report.Basis);
        output.Line(FormattableString.Invariant($"{seconds:F1} s, seed {options.Seed}"));
        output.Line($"wrote {target}");
    }
}
