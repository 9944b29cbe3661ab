using OnnxEdit.Engine.Reporting;

namespace OnnxEdit.Cli;

/// <summary>Accuracy of each class: a drawing of those that changed most, and a table of all.</summary>
static class AccuracySection
{
    /// <summary>Classes drawn; more would be a wall.</summary>
    const int ClassesDrawn = 20;

    internal static Html Of(ComparisonReport report)
    {
        if (report.Accuracy is not { } accuracy) return Html.Empty;
        var isPair = accuracy.Before is not null;
        var all = accuracy.Classes;
        ClassChange[] drawn = all.Count <= ClassesDrawn ? [.. all]
            : [.. all.OrderBy(c => isPair ? c.After - c.Before : c.After).Take(ClassesDrawn)];
        var which = drawn.Length < all.Count ? $"The {drawn.Length} classes that {(isPair ? "lost most" : "do worst")} of {Figures.Count(all.Count)}. " : "";
        return ReportPage.Section("Accuracy by class", $"""
            <div class="figures uneven">
            <figure>
            {Key(isPair)}
            {DotPlot(drawn)}
            <figcaption>{which}Share of the images of a class that is classified right, in percent; lines are one standard error to each side.</figcaption>
            </figure>
            <div>
            {(all.Count <= ClassesDrawn ? Table(all, isPair) : (Html)$"<details><summary>All {all.Count} classes</summary>{Table(all, isPair)}</details>")}
            </div>
            </div>
            """);
    }

    /// <summary>Which colour is which model.</summary>
    internal static Html Key(bool isPair) => isPair
        ? $"<ul class=\"key\"><li><i class=\"k-before\"></i>before</li><li><i class=\"k-after\"></i>after</li></ul>"
        : Html.Empty;

    static Html DotPlot(ClassChange[] classes)
    {
        const int width = 440, left = 120, right = 18, row = 24, top = 6;
        var bottom = top + (row * classes.Length);
        var lowest = classes.Min(c => Math.Min(c.After - c.ErrorAfter, c.Before - c.ErrorBefore ?? 1));
        // Models that are nearly always right differ in the last tenth only.
        var start = Math.Clamp(Math.Floor(10 * lowest) / 10, 0, 0.9);
        double X(double fraction) => left + ((width - left - right) * (fraction - start) / (1 - start));
        Html Tick(double at) => $"<line class=\"axis\" x1=\"{X(at)}\" x2=\"{X(at)}\" y1=\"{top}\" y2=\"{bottom}\"/><text x=\"{X(at)}\" y=\"{bottom + 17}\" text-anchor=\"middle\">{100 * at}</text>\n";
        var label = string.Join("; ", classes.Select(c => $"{Name(c)} {(c.Before is { } b ? $"{Figures.Percent(b)} to " : "")}{Figures.Percent(c.After)} percent"));
        return $"""
            <svg viewBox="0 0 {width} {bottom + 24}" role="img" aria-label="Accuracy by class: {label}">
            {HistogramChart.Ticks(start, 1, 5).Select(Tick)}
            {classes.Select((c, i) => Row(c, top + (row * i) + (row / 2), X))}
            </svg>
            """;
    }

    static Html Row(ClassChange c, int y, Func<double, double> x) => $"""
        <text class="strong" x="112" y="{y + 4}" text-anchor="end">{Short(Name(c))}</text>
        {(c.Before is { } before ? Dot("before", before, c.ErrorBefore!.Value, y - 4, x) : Html.Empty)}{Dot("after", c.After, c.ErrorAfter, c.Before is null ? y : y + 4, x)}

        """;

    static Html Dot(string which, double value, double error, int y, Func<double, double> x) =>
        $"<line class=\"bar-{which}\" x1=\"{x(value - error)}\" x2=\"{x(Math.Min(1, value + error))}\" y1=\"{y}\" y2=\"{y}\"/><circle class=\"dot-{which}\" cx=\"{x(value)}\" cy=\"{y}\" r=\"4\"/>";

    static Html Table(IReadOnlyList<ClassChange> classes, bool isPair) => $"""
        <div class="scroll" tabindex="0" role="group" aria-label="Accuracy by class">
        <table>
        <thead><tr><th scope="col">class</th><th scope="col">items</th>{(isPair ? (Html)$"<th scope=\"col\">before %</th>" : Html.Empty)}<th scope="col">{(isPair ? "after %" : "top-1 %")}</th>{(isPair ? (Html)$"<th scope=\"col\">change</th>" : Html.Empty)}</tr></thead>
        <tbody>
        {classes.Select(c => (Html)$"<tr><th scope=\"row\">{Name(c)}</th><td>{Figures.Count(c.Images)}</td>{Before(c)}<td>{Figures.Percent(c.After)} {SummarySection.PlusMinus}{Figures.Percent(c.ErrorAfter)}</td>{Change(c)}</tr>\n")}
        </tbody>
        </table>
        </div>
        """;

    static Html Before(ClassChange c) => c.Before is { } p ? $"<td>{Figures.Percent(p)} {SummarySection.PlusMinus}{Figures.Percent(c.ErrorBefore!.Value)}</td>" : Html.Empty;

    static Html Change(ClassChange c) => c.Difference is { } d ? $"<td>{SummarySection.Signed(d.Difference)} {SummarySection.PlusMinus}{Figures.Percent(d.StandardError)}</td>" : Html.Empty;

    /// <summary>"5 dog", or just "5".</summary>
    internal static string Name(ClassChange c) => c.Name is null ? $"{c.Class}" : $"{c.Class} {c.Name}";

    static string Short(string name) => name.Length <= 17 ? name : name[..16] + "…";
}
