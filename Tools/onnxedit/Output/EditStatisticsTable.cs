using System.Globalization;
using OnnxEdit.Engine.Editing;

namespace OnnxEdit.Cli;

/// <summary>Statistics of edits made one at a time.</summary>
static class EditStatisticsTable
{
    /// <summary>Prints the figures, or JSON.</summary>
    internal static void Write(CommandContext context, EditStatistics statistics, IReadOnlyList<string>? names, double seconds)
    {
        if (context.Global.Json)
        {
            context.Output.Json("edit-statistics", 1, new
            {
                Seconds = seconds,
                Edits = statistics.Trials.Count,
                statistics.TestImages,
                Drawdown = new { Points = statistics.Drawdown.Mean, statistics.Drawdown.StandardError },
                statistics.Success,
                statistics.Steps,
                statistics.Changed,
                statistics.Generality,
                SecondsPerEdit = statistics.Seconds,
                Trials = statistics.Trials.Select(t => new { t.Name, t.Label, t.Before, t.Outcome.Success, t.Outcome.Steps, t.Outcome.Loss, t.Drawdown, t.Changed, t.Generality, t.Seconds }),
            });
            return;
        }
        var output = context.Output;
        var worst = new ResultTable("image", "<before", "<wanted", "<success", "steps", "drawdown, points", "changed %", "views that follow %");
        foreach (var t in statistics.Trials.OrderByDescending(t => t.Drawdown).Take(10))
            worst.Row(t.Name, ClassNames.Show(t.Before, names), ClassNames.Show(t.Label, names), t.Outcome.Success ? "yes" : "no", $"{t.Outcome.Steps}",
                Points(t.Drawdown), Figures.Percent(t.Changed), t.Generality is { } g ? Figures.Percent(g) : "-");
        output.Table(worst);
        output.Line($"the {Math.Min(10, statistics.Trials.Count)} with the largest drawdown of {Figures.Count(statistics.Trials.Count)} edits, each made alone");
        output.Line($"drawdown {Points(statistics.Drawdown.Mean)} points, standard error {Figures.Plain(statistics.Drawdown.StandardError)}, on {Figures.Count(statistics.TestImages)} other test items, of which {Figures.Percent(statistics.Changed)} % changed their class");
        output.Line($"success {Figures.Percent(statistics.Success)} %, {Figures.Plain(statistics.Steps)} steps, {statistics.Seconds.ToString("0.####", CultureInfo.InvariantCulture)} s an edit");
        if (statistics.Generality is { } follow) output.Line($"{Figures.Percent(follow)} % of mirrored and shifted views that were not used in the edit follow it");
        output.Line(FormattableString.Invariant($"{seconds:F1} s; nothing written (--one-by-one)"));
    }

    static string Points(double points) => points.ToString("0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
