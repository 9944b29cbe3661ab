using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Unlearning;

namespace OnnxEdit.Cli;

/// <summary>What an unlearning did: what is left of the class, and what the others paid.</summary>
static class UnlearnTable
{
    /// <summary>Models with more classes get those that lost most listed only.</summary>
    const int ClassesShown = 20;

    /// <summary>Prints the tables, or JSON.</summary>
    internal static void Write(CommandContext context, UnlearnReport report, IReadOnlyList<string>? names, UnlearnOptions options, double seconds, string target)
    {
        if (context.Global.Json) context.Output.Json("unlearn", 1, Fields(report, names, options, seconds, target));
        else WriteText(context.Output, report, names, options, seconds, target);
    }

    static void WriteText(CliOutput output, UnlearnReport report, IReadOnlyList<string>? names, UnlearnOptions options, double seconds, string target)
    {
        if (report.Measured is { } measured) WriteMeasured(output, measured, names);
        foreach (var group in report.Removed)
            output.Line($"removed {group.Before - group.After} of {group.Before} channels of {group.Name}");
        if (report.Removed.Count > 0)
            output.Line(FormattableString.Invariant($"parameters {report.Before.Parameters:N0} -> {report.After.Parameters:N0}, MACs {report.Before.Macs:N0} -> {report.After.Macs:N0}"));
        output.Line(report.Basis);
        if (report.Finetuning is { } training)
        {
            output.Line($"Fine-tuning: {training.Basis}");
            if (report.MeasuredBeforeFinetuning is { } edited)
                output.Line($"before it: forgotten {Figures.Percent(edited.ForgottenAccuracy.After)} %, others {Figures.Percent(edited.RetainedAccuracy.After)} %, read out {string.Join(", ", edited.Probe.Select(p => Figures.Percent(p.After)))}");
        }
        if (report.Relearning is { } curve)
        {
            var table = new ResultTable("steps on labels", "edited: forgotten, top-1 %", "original with new rows in the head");
            foreach (var point in curve) table.Row($"{point.Step}", Figures.Percent(point.Edited), Figures.Percent(point.Original));
            output.Table(table);
        }
        output.Line(FormattableString.Invariant($"{seconds:F1} s, seed {options.Seed}"));
        output.Line($"wrote {target}");
    }

    static void WriteMeasured(CliOutput output, UnlearnMeasurement report, IReadOnlyList<string>? names)
    {
        var table = new ResultTable("", "before", "after", "change", "s.e.");
        Row("forgotten, top-1 %", report.ForgottenAccuracy, report.Forgotten);
        Row("others, top-1 %", report.RetainedAccuracy, report.Retained);
        foreach (var probe in report.Probe)
            table.Row($"read out of the features: {Name(probe.Class, names)}", Figures.Percent(probe.Before), Figures.Percent(probe.After), "", "");
        output.Table(table);

        var classes = new ResultTable("class", "<name", "items", "before %", "after %");
        var rows = report.Before.PerClass.Zip(report.After.PerClass).Where(p => p.First.Count > 0).ToArray();
        var shown = rows.Length <= ClassesShown ? rows : [.. rows.OrderBy(p => p.Second.Accuracy - p.First.Accuracy).Take(ClassesShown)];
        foreach (var (before, after) in shown)
            classes.Row($"{before.Class}", names?.ElementAtOrDefault(before.Class) ?? "", Figures.Count(before.Count), Figures.Percent(before.Accuracy), Figures.Percent(after.Accuracy));
        output.Table(classes);
        if (shown.Length < rows.Length) output.Line($"The {shown.Length} classes that lost most of {Figures.Count(rows.Length)}; --json lists all.");

        var images = Math.Max(1, report.WentTo.Sum());
        var went = report.WentTo.Select((count, c) => (Count: count, Class: c)).Where(w => w.Count > 0).OrderByDescending(w => w.Count).Take(5);
        output.Line($"items of what was forgotten are now taken for {string.Join(", ", went.Select(w => $"{Name(w.Class, names)} {Figures.Percent((double)w.Count / images)} %"))}");
        output.Line("read out: share of items that a linear rule on the features tells right, both sides counted alike, 50 is chance; 5-fold on the test items");
        output.Line($"change: paired, {Figures.Count(report.Before.Count)} test items");

        void Row(string title, (double Before, double After) accuracy, PairedDifference difference) => table.Row(
            title, Figures.Percent(accuracy.Before), Figures.Percent(accuracy.After),
            (100 * difference.Difference).ToString("+0.00;-0.00;0.00", System.Globalization.CultureInfo.InvariantCulture), Figures.Percent(difference.StandardError));
    }

    static string Name(int @class, IReadOnlyList<string>? names) => names?.ElementAtOrDefault(@class) is { } name ? $"{@class} {name}" : $"class {@class}";

    static object Fields(UnlearnReport report, IReadOnlyList<string>? names, UnlearnOptions options, double seconds, string target) => new
    {
        Out = target,
        Seconds = seconds,
        Classes = report.Classes.Select(c => new { Class = c, Name = names?.ElementAtOrDefault(c) }),
        Forgotten = report.Measured is { } f ? Part(f.ForgottenAccuracy, f.Forgotten) : null,
        Retained = report.Measured is { } r ? Part(r.RetainedAccuracy, r.Retained) : null,
        report.Measured?.Probe,
        Finetuning = report.Finetuning is { } t ? new { t.Steps, t.BestStep, End = t.End.ToString(), t.Curve, t.Basis } : null,
        report.Relearning,
        BeforeFinetuning = report.MeasuredBeforeFinetuning is { } e ? new { Forgotten = Part(e.ForgottenAccuracy, e.Forgotten), Retained = Part(e.RetainedAccuracy, e.Retained), e.Probe } : null,
        PerClass = report.Measured is { } m ? m.Before.PerClass.Zip(m.After.PerClass).Select(p => new
        {
            p.First.Class,
            Name = names?.ElementAtOrDefault(p.First.Class),
            Images = p.First.Count,
            CorrectBefore = p.First.Correct,
            CorrectAfter = p.Second.Correct,
        }) : null,
        report.Measured?.WentTo,
        Images = report.Measured?.Before.Count,
        Parameters = new { Before = report.Before.Parameters, After = report.After.Parameters },
        Macs = new { Before = report.Before.Macs, After = report.After.Macs },
        report.Removed,
        report.Basis,
        report.Notes,
        options.Seed,
    };

    static object Part((double Before, double After) accuracy, PairedDifference difference) => new
    {
        accuracy.Before,
        accuracy.After,
        Drop = -100 * difference.Difference,
        StandardError = 100 * difference.StandardError,
        Images = difference.Count,
    };
}
