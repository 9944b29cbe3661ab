using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Cli;

/// <summary>What a slim did: before and after, side by side.</summary>
static class SlimTable
{
    /// <summary>Prints the table, or JSON.</summary>
    internal static void Write(
        CommandContext context, SlimResult result, IReadOnlyList<LatencyResult>? times, double seconds, string? target, string? planFile)
    {
        if (context.Global.Json) context.Output.Json("slim", 1, Fields(result, times, seconds, target, planFile));
        else WriteText(context.Output, result, times, seconds, target, planFile);
    }

    static void WriteText(CliOutput output, SlimResult result, IReadOnlyList<LatencyResult>? times, double seconds, string? target, string? planFile)
    {
        var report = result.Report;
        if (result.Model is null)
        {
            var plan = new ResultTable("group", "channels", "left");
            foreach (var group in report.Groups) plan.Row(group.Name, Figures.Count(group.Before), Figures.Count(group.After));
            output.Table(plan);
        }
        var table = new ResultTable("", "before", "after", "ratio");
        Counts(table, "parameters", report.Before.Parameters, report.After.Parameters);
        Counts(table, "MACs", report.Before.Macs, report.After.Macs);
        Counts(table, "bytes", report.Before.Bytes, report.After.Bytes);
        foreach (var time in times ?? [])
            table.Row($"ms, batch {time.Batch}", Figures.Milliseconds(time.First.Median), Figures.Milliseconds(time.PairedSecond!.Value), time.IsSteady ? Figures.Ratio(1 / time.SpeedUp!.Value.Median) : "unsteady");
        if (report.AccuracyBefore is { } before)
        {
            if (report.AccuracyAfter is { } after) table.Row("top-1 %", Figures.Percent(before.Top1), Figures.Percent(after.Top1), "");
            if (report.Finetuning?.Before is { } slim) table.Row("  before fine-tuning", "", Figures.Percent(slim.Top1), "");
            if (report.AccuracyAfterSurgery is { } cut) table.Row("  before recovery", "", Figures.Percent(cut.Top1), "");
        }
        else if (report.MeasuredBefore is { } measured)
        {
            for (var m = 0; m < measured.Metrics.Count; m++)
            {
                var (was, now, cut) = (measured.Metrics[m], report.MeasuredAfter?.Metrics[m], report.MeasuredAfterSurgery?.Metrics[m]);
                table.Row(TaskReport.Header(was), TaskReport.Value(was), now is null ? "" : TaskReport.Value(now), "");
                if (report.Finetuning?.MeasuredBefore?.Metrics[m] is { } slim) table.Row("  before fine-tuning", "", TaskReport.Value(slim), "");
                if (cut is not null) table.Row("  before recovery", "", TaskReport.Value(cut), "");
            }
        }
        if (!report.IsOnRandomItems) Compared(table, report);
        output.Table(table);
        if (report.IsOnRandomItems && (report.Agreement is not null || report.Outputs is not null))
            output.Line("how far answers change is not shown: it was measured on random numbers, on which a model that is spoilt for real data may look perfect; give real items (--data)");
        else if (report.Agreement is { } agreement)
            output.Line($"measured as {agreement.Task} ({agreement.Reading}) by how far answers agree with the original's on {Figures.Count(agreement.Items)} held-out items: there are no labels of this task");
        if (report is { Outputs: { } outputs, IsOnRandomItems: false })
            output.Line($"difference: its RMS over the RMS of the original (share of changed values for integers), {Figures.Count(outputs.Items)} held-out items");
        if (report.Difference is { } difference)
            output.Line($"accuracy {Signed(100 * difference.Difference)} points, standard error {Figures.Plain(100 * difference.StandardError)} (paired, {Figures.Count(difference.Count)} test items); {Figures.Percent(report.ChangedPredictions!.Value)} % of the predictions changed");
        else if (report is { MeasuredBefore: { } original, MeasuredAfter: { } made })
            output.Line(TaskReport.ChangeLine(original, made));
        if (report.MeasuredAfterSurgery is { } surgery) output.Line($"before recovery: measured on the first {Figures.Count(surgery.Items)} test items");
        foreach (var time in times ?? [])
            output.Line(SpeedUp(time));
        output.Line($"{report.Basis} {Multiples(result)} {report.GroupCounts.Free} groups could shrink, {report.GroupCounts.Locked} are locked.");
        if (report.Finetuning is { } training) output.Line($"Fine-tuning: {training.Basis}");
        output.Line(FormattableString.Invariant($"{seconds:F1} s, seed {result.Plan.Seed}"));
        if (planFile is not null) output.Line($"wrote {planFile}");
        output.Line(target is null ? "nothing written (--dry-run)" : $"wrote {target}");
        // The middle half of the measured ratios lies below 1: no noise of a busy machine.
        foreach (var time in times ?? [])
            if (time.SpeedUp!.Value.Upper < 1)
                output.Line($"slower than the original at {SpeedUp(time)}{(result.Plan.Align == 1 ? "; channel counts that this machine likes may help (--align auto)" : "")}");
    }

    static void Compared(ResultTable table, SlimReport report)
    {
        for (var m = 0; m < (report.Agreement?.Metrics.Count ?? 0); m++)
        {
            table.Row($"{TaskReport.Header(report.Agreement!.Metrics[m])}, to the original", "", TaskReport.Value(report.Agreement.Metrics[m]), "");
            if (report.Finetuning?.MeasuredBefore is { IsAgreement: true } slim) table.Row("  before fine-tuning", "", TaskReport.Value(slim.Metrics[m]), "");
            if (report.AgreementAfterSurgery?.Metrics[m] is { } cut) table.Row("  before recovery", "", TaskReport.Value(cut), "");
        }
        foreach (var (name, error) in report.Outputs?.After ?? new Dictionary<string, double>())
        {
            table.Row($"difference % of {name}", "", Figures.Percent(error), "");
            if (report.Outputs!.AfterSurgery is { } cutOutputs) table.Row("  before recovery", "", Figures.Percent(cutOutputs[name]), "");
        }
    }

    /// <summary>How many times as fast the second model is, where that can be said.</summary>
    internal static string SpeedUp(LatencyResult time)
    {
        var (speed, batch) = (time.SpeedUp!.Value, $"batch {time.Batch}");
        return time.IsSteady
            ? $"{batch}: {Figures.Ratio(speed.Median)} as fast (middle half of {Figures.Count(time.Pairs)} pairs {Figures.Ratio(speed.Lower)} - {Figures.Ratio(speed.Upper)})"
            : $"{batch}: half of {Figures.Count(time.Pairs)} pairs were {Figures.Ratio(speed.Lower)} to {Figures.Ratio(speed.Upper)} as fast, too far apart for one factor; time them on an idle machine with onnxedit bench";
    }

    static string Multiples(SlimResult result)
    {
        var (align, groups) = (result.Plan.Align, result.Report.Groups);
        var others = groups.Where(g => g.After % align != 0).Select(g => $"{g.Name} {Figures.Count(g.After)}").ToArray();
        return align == 1 ? "Channel counts are not held to multiples."
            : others.Length == 0 ? $"Channel counts in multiples of {align}."
            : $"Channel counts in multiples of {align} but for {others.Length} of {groups.Count} groups that are narrow or let the target be met closely ({string.Join(", ", others.Take(3))}{(others.Length > 3 ? " ..." : "")}).";
    }

    static void Counts(ResultTable table, string name, long before, long after) =>
        table.Row(name, Figures.Count(before), Figures.Count(after), Figures.Ratio((double)after / Math.Max(1, before)));

    static string Signed(double points) => points.ToString("+0.00;-0.00;0.00", System.Globalization.CultureInfo.InvariantCulture);

    static object Fields(SlimResult result, IReadOnlyList<LatencyResult>? times, double seconds, string? target, string? planFile)
    {
        var report = result.Report;
        return new
        {
            Out = target,
            PlanFile = planFile,
            Seconds = seconds,
            Before = new { report.Before.Parameters, report.Before.Macs, report.Before.Bytes, report.AccuracyBefore?.Top1 },
            AfterSurgery = new { report.AccuracyAfterSurgery?.Top1, Images = report.AccuracyAfterSurgery?.Count },
            Finetuning = report.Finetuning is { } f ? new { f.Steps, f.BestStep, End = f.End.ToString(), Curve = FinetuneTable.Curve(f), AccuracyBefore = f.Before?.Top1, AccuracyAfter = f.After?.Top1, f.Basis } : null,
            After = new { report.After.Parameters, report.After.Macs, report.After.Bytes, report.AccuracyAfter?.Top1 },
            Outputs = report.Outputs,
            report.IsOnRandomItems,
            Task = (report.MeasuredBefore ?? report.Agreement)?.Task,
            Metrics = report is { MeasuredBefore: { } was, MeasuredAfter: { } now } ? TaskReport.ChangeFields(was, now) : null,
            Agreement = report.Agreement is { } agreement ? new { agreement.Items, Metrics = TaskReport.Fields(agreement) } : null,
            report.InputShapes,
            Difference = report.Difference is { } d ? new { Points = 100 * d.Difference, StandardError = 100 * d.StandardError, Images = d.Count, ChangedPredictions = report.ChangedPredictions } : null,
            Latency = times?.Select(t => new { t.Batch, BeforeMilliseconds = t.First.Median, AfterMilliseconds = t.Second!.Value.Median, SpeedUp = t.SpeedUp }),
            report.EquivalenceError,
            GroupCounts = new { report.GroupCounts.Free, report.GroupCounts.Locked },
            report.Basis,
            report.Notes,
            Groups = report.Groups,
            Plan = result.Plan,
        };
    }
}
