using OnnxEdit.Engine.Editing;

namespace OnnxEdit.Cli;

/// <summary>What an edit did: to its images, and to all others.</summary>
static class EditTable
{
    /// <summary>Rows shown; --json lists all.</summary>
    const int Shown = 20;

    /// <summary>Prints the tables, or JSON.</summary>
    internal static void Write(CommandContext context, EditReport report, IReadOnlyList<string>? names, EditOptions options, double seconds, string target)
    {
        if (context.Global.Json) context.Output.Json("edit", 1, Fields(report, options, seconds, target));
        else WriteText(context.Output, report, names, options, seconds, target);
    }

    static void WriteText(CliOutput output, EditReport report, IReadOnlyList<string>? names, EditOptions options, double seconds, string target)
    {
        var images = new ResultTable("image", "<before", "<wanted", "<after", "steps", "views that follow %");
        foreach (var i in report.Images.OrderBy(i => i.Success).Take(Shown))
            images.Row(i.Name, ClassNames.Show(i.Before, names), ClassNames.Show(i.Label, names), i.Success ? "as wanted" : ClassNames.Show(i.After, names),
                $"{i.Outcome.Steps}", i.Generality is { } g ? Figures.Percent(g) : "-");
        output.Table(images);
        if (report.Images.Count > 1)
            output.Line($"{Figures.Percent(report.Images.Count(i => i.Success) / (double)report.Images.Count)} % of {Figures.Count(report.Images.Count)} items have the label wanted{(report.Images.Count > Shown ? $"; the {Shown} shown are those without it first, --json lists all" : "")}");
        if (report.Drawdown is { } d)
        {
            output.Line($"drawdown {d.Points.ToString("0.00;-0.00;0.00", System.Globalization.CultureInfo.InvariantCulture)} points of top-1, standard error {Figures.Plain(d.StandardError)} ({Figures.Percent(report.Before!.Top1)} to {Figures.Percent(report.After!.Top1)} %, {Figures.Count(report.Before.Count)} other test items)");
            output.Line(report.Changed.Count == 0 ? "No other test item changed its class." : $"{Figures.Count(report.Changed.Count)} other test items changed their class:");
            if (report.Changed.Count > 0)
            {
                var changed = new ResultTable("test item", "<label", "<before", "<after");
                foreach (var c in report.Changed.Take(Shown)) changed.Row($"{c.Index}", ClassNames.Show(c.Label, names), ClassNames.Show(c.Before, names), ClassNames.Show(c.After, names));
                output.Table(changed);
                if (report.Changed.Count > Shown) output.Line($"the first {Shown}; --json lists all");
            }
        }
        else output.Line("what else changed was not measured: there are no labelled test items");
        output.Line(report.Basis);
        output.Line(FormattableString.Invariant($"{seconds:F1} s, seed {options.Seed}"));
        output.Line($"wrote {target}");
    }

    static object Fields(EditReport report, EditOptions options, double seconds, string target) => new
    {
        Out = target,
        Seconds = seconds,
        options.Seed,
        Images = report.Images.Select(i => new { i.Name, i.Label, i.Before, i.After, i.Success, i.Outcome.Steps, i.Outcome.Loss, i.Generality }),
        Drawdown = report.Drawdown is { } d ? new { d.Points, d.StandardError, Images = report.Before!.Count } : null,
        Top1Before = report.Before?.Top1,
        Top1After = report.After?.Top1,
        report.Changed,
        report.Basis,
    };
}
