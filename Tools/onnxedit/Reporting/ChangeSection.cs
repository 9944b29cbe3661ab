using OnnxEdit.Engine.Reporting;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>What changed and why, in sentences: the edits the model remembers, then what was found.</summary>
static class ChangeSection
{
    const int NamesShown = 4;

    internal static Html Of(ComparisonReport report) => ReportPage.Section(
        report.Before is null ? "What was done to it" : "What changed, and why",
        $"""
        <ul>
        {Sentences(report).Select(sentence => (Html)$"<li>{sentence}</li>\n")}
        </ul>
        """);

    /// <summary>The sentences, also for the JSON.</summary>
    internal static IEnumerable<string> Sentences(ComparisonReport report)
    {
        foreach (var edit in report.Edits) yield return Edit(edit);
        yield return Origin(report);
        if (report.Before is not null)
        {
            yield return Layers(report);
            if (Weights(report) is { } weights) yield return weights;
        }
        if (report.Accuracy is { Difference: { } difference } accuracy)
            yield return $"Top-1 changed by {SummarySection.Signed(difference.Difference)} points with a standard error of {Figures.Percent(difference.StandardError)}: "
                + $"{Figures.Count(difference.OnlySecond)} of {Figures.Count(difference.Count)} items are right only now, {Figures.Count(difference.OnlyFirst)} were right only before. "
                + $"{Figures.Percent(accuracy.ChangedPredictions!.Value)} % of the items are taken for another class.";
        if (report.TaskAfter is { } after)
            yield return report.TaskBefore is { } before
                ? $"{after.Main.Name} went from {TaskReport.WithError(before.Main)} to {TaskReport.WithError(after.Main)} ({TaskReport.Change(before.Main, after.Main)}) on {Figures.Count(after.Items)} test items."
                : $"{string.Join(", ", after.Metrics.Select(TaskReport.Text))} on {Figures.Count(after.Items)} test items{(after.IsAgreement ? ": agreement with the model before, since there are no labels of this task" : "")}.";
        foreach (var time in report.Latency.Where(IsUnsteady))
            yield return $"The times at batch {time.Batch} vary so much that they say little: the machine was busy with other things.";
        if (report.NoAccuracyBecause is { } why) yield return why;
        foreach (var note in report.Notes) yield return note;
    }

    /// <summary>Half of the measurements of a model lie further apart than half their median.</summary>
    static bool IsUnsteady(LatencyResult time) => IsWide(time.First) || (time.Second is { } second && IsWide(second));

    static bool IsWide(Quartiles times) => times.Upper - times.Lower > times.Median / 2;

    static string Edit(HistoryEntry edit)
    {
        var options = string.Join(", ", edit.Options.Select(o => $"{o.Key} {o.Value}"));
        var parameters = edit is { ParametersBefore: { } a, ParametersAfter: { } b } && a != b ? $", parameters {Figures.Count(a)} to {Figures.Count(b)}" : "";
        var accuracy = edit is { AccuracyBefore: { } c, AccuracyAfter: { } d } ? $", top-1 {Figures.Percent(c)} to {Figures.Percent(d)} % as measured then" : "";
        return $"{edit.Command}{(options.Length > 0 ? $" ({options})" : "")}{parameters}{accuracy}.";
    }

    static string Origin(ComparisonReport report) => (report.Edits.Count, report.IsSource) switch
    {
        (0, _) when report.Before is null => "The model carries no history of edits.",
        (0, _) => "The model carries no history of edits, so only what the two files show is known.",
        (_, true) => "Its history names exactly the model before as what the first of these edits started from (SHA-256).",
        (_, false) => "Its history does not name the model before as a source, so other things may differ than these edits explain.",
        _ => "This is what the model's own history says.",
    };

    static string Layers(ComparisonReport report)
    {
        var resized = report.Layers.Count(layer => layer.IsResized);
        var all = Figures.Count(report.Layers.Count(layer => layer.ChannelsAfter is not null));
        var unmatched = report.Unmatched > 0 ? $" {Figures.Count(report.Unmatched)} layers have no counterpart of the same name in the other model." : "";
        return (resized == 0 ? $"All {all} layers kept their channels." : $"{Figures.Count(resized)} of {all} layers {(resized == 1 ? "has" : "have")} another number of channels.") + unmatched;
    }

    static string? Weights(ComparisonReport report)
    {
        var compared = report.Layers.Where(layer => layer.WeightChange is not null).ToArray();
        if (compared.Length == 0) return null;
        var changed = compared.Where(layer => layer.WeightChange > 0).OrderByDescending(layer => layer.WeightChange).ToArray();
        if (changed.Length == 0) return $"Of the {Figures.Count(compared.Length)} layers of the same shape none has other weights.";
        var names = string.Join(", ", changed.Take(NamesShown).Select(layer => $"{layer.Name} by {Figures.Percent(layer.WeightChange!.Value)} %"));
        return $"Of the {Figures.Count(compared.Length)} layers of the same shape {Figures.Count(changed.Length)} {(changed.Length == 1 ? "has" : "have")} other weights: {names}{(changed.Length > NamesShown ? " and others" : "")} of their length.";
    }
}
