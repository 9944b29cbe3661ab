using OnnxEdit.Engine.Reporting;

namespace OnnxEdit.Cli;

/// <summary>The head of the report: what is compared, the main figures, and the table of before and after.</summary>
static class SummarySection
{
    internal static Html Of(ComparisonReport report) => $"""
        <header>
        <h1>{report.After.File ?? "model"}</h1>
        <p>{(report.Before is { } b ? $"compared with {b.File ?? "the model before"}" : "one model, compared with nothing")}</p>
        </header>
        <ul class="tiles">
        {Tiles(report)}
        </ul>
        {ReportPage.Section(report.Before is null ? "The model" : "Before and after", Table(report))}
        """;

    static IEnumerable<Html> Tiles(ComparisonReport report)
    {
        var (before, after) = (report.Before, report.After);
        yield return Tile(
            "parameters", before is null ? Figures.Count(after.Parameters) : Change(before.Parameters, after.Parameters));
        if (after.Macs is { } macs && (before is null || before.Macs is not null))
            yield return Tile("multiply-accumulates", before?.Macs is { } was ? Change(was, macs) : Figures.Count(macs));
        if (report.Accuracy is { } accuracy)
            yield return accuracy.Difference is { } difference
                ? Tile($"points of top-1, standard error {Figures.Percent(difference.StandardError)}", Signed(difference.Difference))
                : Tile($"top-1 %, standard error {Figures.Percent(accuracy.After.StandardError)}", Figures.Percent(accuracy.After.Top1));
        if (report.TaskAfter is { } task)
            yield return Tile($"{TaskReport.Header(task.Main)}{(task.IsAgreement ? ", agreement with the model before" : report.TaskBefore is { } original ? $", before {TaskReport.Value(original.Main)}" : "")}", TaskReport.Value(task.Main));
        if (report.Latency is [var time, ..])
            yield return time.SpeedUp is { } speed
                ? Tile($"as fast at batch {time.Batch}", time.IsSteady ? Figures.Ratio(speed.Median) : $"{Figures.Ratio(speed.Lower)} - {Figures.Ratio(speed.Upper)}")
                : Tile($"ms at batch {time.Batch}", Figures.Milliseconds(time.First.Median));
    }

    static Html Tile(string what, string figure) => $"<li><b>{figure}</b> <span>{what}</span></li>\n";

    static Html Table(ComparisonReport report)
    {
        List<(string What, string? Before, string After, string Change)> rows = [];
        var (was, now) = (report.Before, report.After);
        Count("parameters", was?.Parameters, now.Parameters);
        Count("MACs, one item", was?.Macs, now.Macs);
        Count("bytes", was?.Bytes, now.Bytes);
        Count("nodes", was?.Nodes, now.Nodes);
        if (report.Accuracy is { After: var after } accuracy)
        {
            var before = accuracy.Before;
            rows.Add(("top-1 %", Plain(before?.Top1, before?.StandardError), Plain(after.Top1, after.StandardError)!,
                accuracy.Difference is { } d ? $"{Signed(d.Difference)} {PlusMinus}{Figures.Percent(d.StandardError)}" : ""));
            rows.Add(("top-5 %", Plain(before?.Top5, null), Plain(after.Top5, null)!, before is null ? "" : Signed(after.Top5 - before.Top5)));
            rows.Add(("mean margin", before is null ? null : Figures.Plain(before.MeanMargin), Figures.Plain(after.MeanMargin),
                before is null ? "" : Signed((after.MeanMargin - before.MeanMargin) / 100)));
        }
        if (report.TaskAfter is { } task)
            for (var m = 0; m < task.Metrics.Count; m++)
            {
                var (first, last) = (report.TaskBefore?.Metrics[m], task.Metrics[m]);
                rows.Add(($"{TaskReport.Header(last)}{(task.IsAgreement ? ", to the model before" : "")}", first is null ? null : TaskReport.WithError(first), TaskReport.WithError(last), first is null ? "" : TaskReport.Change(first, last)));
            }
        foreach (var time in report.Latency)
        {
            rows.Add(($"ms, batch {time.Batch}", time.SpeedUp is null ? null : Figures.Milliseconds(time.First.Median),
                Figures.Milliseconds(time.PairedSecond ?? time.First.Median), time.SpeedUp is not { } s ? "" : time.IsSteady ? $"{Figures.Ratio(s.Median)} as fast" : "unsteady"));
        }

        var isPair = was is not null;
        return $"""
            <div class="scroll" tabindex="0" role="group" aria-label="Figures of the models">
            <table>
            <thead><tr><th></th>{(isPair ? (Html)$"<th scope=\"col\">before</th>" : Html.Empty)}<th scope="col">{(isPair ? "after" : "")}</th>{(isPair ? (Html)$"<th scope=\"col\">change</th>" : Html.Empty)}</tr></thead>
            <tbody>
            {rows.Select(row => Row(row.What, row.Before, row.After, row.Change, isPair))}
            </tbody>
            </table>
            </div>
            {Footnote(report)}
            """;

        void Count(string what, long? first, long? second)
        {
            if (second is not { } count) return;
            rows.Add((what, first is { } f ? Figures.Count(f) : isKnown() ? "not known" : null, Figures.Count(count), first is > 0 ? Figures.Ratio((double)count / first.Value) : ""));
            bool isKnown() => was is not null;
        }
    }

    static Html Row(string what, string? before, string after, string change, bool isPair) => isPair
        ? $"<tr><th scope=\"row\">{what}</th><td>{before ?? ""}</td><td>{after}</td><td>{change}</td></tr>\n"
        : (Html)$"<tr><th scope=\"row\">{what}</th><td>{after}</td></tr>\n";

    static Html Footnote(ComparisonReport report)
    {
        var accuracy = report.Accuracy is { } a
            ? $"Accuracy: {Figures.Count(a.Images)} labelled test items; ± is one standard error{(a.Difference is null ? "" : ", that of the change paired over the items")}. "
            : report.NoAccuracyBecause + " ";
        if (report.TaskAfter is { } measured)
            accuracy += $"{Figures.Count(measured.Items)} test items, {measured.Task}: {measured.Reading}; ± is one standard error{(report.TaskBefore is null ? "" : ", that of the change paired over the items")}. ";
        return $"<p class=\"soft\">{accuracy}Times are medians, measured {(report.Before is null ? "one after the other" : "in turns")}; see below for their spread.</p>";
    }

    static string Change(long before, long after) => before == after ? "±0 %" : Signed((after - before) / (double)Math.Max(1, before)) + " %";

    static string? Plain(double? fraction, double? error) => fraction is not { } f ? null
        : error is { } e ? $"{Figures.Percent(f)} {PlusMinus}{Figures.Percent(e)}" : Figures.Percent(f);

    /// <summary>Kept with the number that follows: a narrow column breaks the line before it.</summary>
    internal const string PlusMinus = "±\u00a0";

    /// <summary>A change of a fraction in hundredths, with its sign.</summary>
    internal static string Signed(double fraction) =>
        (100 * fraction).ToString("+0.00;−0.00;±0.00", System.Globalization.CultureInfo.InvariantCulture);
}
