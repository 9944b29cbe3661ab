using System.Globalization;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;

namespace OnnxEdit.Cli;

/// <summary>What a fine-tuning did: losses on the way, accuracy before and after.</summary>
static class FinetuneTable
{
    /// <summary>Prints the tables, or JSON.</summary>
    internal static void Write(CommandContext context, FinetuneReport report, FinetuneOptions options, double seconds, string target)
    {
        if (context.Global.Json) context.Output.Json("finetune", 1, Fields(report, options, seconds, target));
        else WriteText(context.Output, report, options, seconds, target);
    }

    static void WriteText(CliOutput output, FinetuneReport report, FinetuneOptions options, double seconds, string target)
    {
        var losses = new ResultTable("step", "training loss", "validation loss", "validation top-1 %");
        foreach (var point in report.Curve)
            losses.Row(
                $"{point.Step}{(point.Step == report.BestStep ? " *" : "")}", double.IsNaN(point.Training) ? "" : Loss(point.Training), Loss(point.Validation),
                point.Top1 is { } top1 ? Figures.Percent(top1) : "");
        output.Table(losses);
        output.Line("*: kept");
        if (report is { Before: { } before, After: { } after })
        {
            var difference = PairedDifference.Of(before.Correct, after.Correct);
            output.Line(FormattableString.Invariant(
                $"top-1 {Figures.Percent(before.Top1)} % -> {Figures.Percent(after.Top1)} % ({100 * difference.Difference:+0.00;-0.00;0.00} points, standard error {Figures.Percent(difference.StandardError)}, paired, {Figures.Count(before.Count)} test items)"));
        }
        output.Line(report.Basis + (report.End == FinetuneEnd.NoImprovement ? " It ended early, since the validation loss did not fall any more." : ""));
        output.Line(FormattableString.Invariant($"{seconds:F1} s, {report.ImagesPerSecond:F0} items/s in training steps, seed {options.Seed}"));
        output.Line($"wrote {target}");
    }

    static string Loss(double loss) => loss.ToString("F4", CultureInfo.InvariantCulture);

    static object Fields(FinetuneReport report, FinetuneOptions options, double seconds, string target) => new
    {
        Out = target,
        Seconds = seconds,
        report.Steps,
        report.BestStep,
        End = report.End.ToString(),
        report.Curve,
        AccuracyBefore = report.Before?.Top1,
        AccuracyAfter = report.After?.Top1,
        Images = report.Before?.Count,
        report.ImagesPerSecond,
        report.Basis,
        options.Seed,
    };
}
