using System.Globalization;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
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
        var metric = report.Curve.Select(point => point.Metric).FirstOrDefault(metric => metric is not null);
        var losses = new ResultTable("step", "training loss", "validation loss", metric is null ? "validation top-1 %" : $"validation {TaskReport.Header(metric)}");
        foreach (var point in report.Curve)
            losses.Row(
                $"{point.Step}{(point.Step == report.BestStep ? " *" : "")}", double.IsNaN(point.Training) ? "" : Loss(point.Training, metric), Loss(point.Validation, metric),
                point.Top1 is { } top1 ? Figures.Percent(top1) : point.Metric is { } found ? TaskReport.Value(found) : "");
        output.Table(losses);
        output.Line(metric is not null && report.IsCurveAgreement ? $"*: kept; {metric.Name}: how far answers agree with the teacher's" : "*: kept");
        if (report is { Before: { } before, After: { } after })
        {
            var difference = PairedDifference.Of(before.Correct, after.Correct);
            output.Line(FormattableString.Invariant(
                $"top-1 {Figures.Percent(before.Top1)} % -> {Figures.Percent(after.Top1)} % ({100 * difference.Difference:+0.00;-0.00;0.00} points, standard error {Figures.Percent(difference.StandardError)}, paired, {Figures.Count(before.Count)} test items)"));
        }
        else if (report is { MeasuredBefore: { Metrics.Count: > 0 } was, MeasuredAfter: { Metrics.Count: > 0 } now }) Measured(output, was, now);
        output.Line(report.Basis + (report.End == FinetuneEnd.NoImprovement ? " It ended early, since the validation loss did not fall any more." : ""));
        output.Line(FormattableString.Invariant($"{seconds:F1} s, {report.ImagesPerSecond:F0} items/s in training steps, seed {options.Seed}"));
        output.Line($"wrote {target}");
    }

    static void Measured(CliOutput output, TaskMeasurement before, TaskMeasurement after)
    {
        var table = new ResultTable("", "before", "after");
        foreach (var (was, now) in before.Metrics.Zip(after.Metrics)) table.Row($"{TaskReport.Header(was)}{(before.IsAgreement ? ", to the teacher" : "")}", TaskReport.Value(was), TaskReport.Value(now));
        output.Table(table);
        output.Line(TaskReport.ChangeLine(before, after));
    }

    /// <summary>The looks, for JSON; metrics as a name and a value.</summary>
    internal static object Curve(FinetuneReport report) => report.Curve.All(point => point.Metric is null) ? report.Curve
        : report.Curve.Select(point => new { point.Step, point.Training, point.Validation, Metric = point.Metric is { } metric ? new { metric.Name, metric.Value } : null });

    // Relative errors are small.
    static string Loss(double loss, MetricValue? metric) => loss.ToString(metric is null ? "F4" : "F6", CultureInfo.InvariantCulture);

    static object Fields(FinetuneReport report, FinetuneOptions options, double seconds, string target) => new
    {
        Out = target,
        Seconds = seconds,
        report.Steps,
        report.BestStep,
        End = report.End.ToString(),
        Curve = Curve(report),
        AccuracyBefore = report.Before?.Top1,
        AccuracyAfter = report.After?.Top1,
        Images = report.Before?.Count,
        Task = report.Before is null ? report.MeasuredBefore?.Task : null,
        Items = report.Before is null ? report.MeasuredBefore?.Items : null,
        IsAgreement = report.Before is null ? report.MeasuredBefore?.IsAgreement : null,
        Metrics = report is { Before: null, MeasuredBefore: { } was, MeasuredAfter: { } now } ? TaskReport.ChangeFields(was, now) : null,
        report.ImagesPerSecond,
        report.Basis,
        options.Seed,
    };
}
