using OnnxEdit.Engine.Reporting;

namespace OnnxEdit.Cli;

/// <summary>Which wrong answers became more or less frequent.</summary>
static class ConfusionSection
{
    /// <summary>Classes that fit into a map.</summary>
    const int ClassesDrawn = 20;

    const int PairsListed = 8;

    internal static Html Of(ComparisonReport report)
    {
        if (report.Accuracy is not { Before: not null } accuracy) return Html.Empty;
        if (accuracy.Confusions.Count == 0) return ReportPage.Section("What it is mistaken for", $"<p>No wrong answer became more or less frequent.</p>");
        var classes = accuracy.Classes;
        return ReportPage.Section("What it is mistaken for", $"""
            <div class="figures">
            {(classes.Count <= ClassesDrawn && accuracy.Confusions.All(c => IsKnown(classes, c.Predicted)) ? Map(classes, accuracy.Confusions) : Html.Empty)}
            <div>
            {List("More often than before", classes, accuracy.Confusions.Where(c => c.After > c.Before))}
            {List("Less often than before", classes, accuracy.Confusions.Where(c => c.After < c.Before))}
            </div>
            </div>
            """);
    }

    static Html List(string title, IReadOnlyList<ClassChange> classes, IEnumerable<ConfusionChange> changes)
    {
        ConfusionChange[] all = [.. changes];
        return $"""
            <h3>{title}</h3>
            {(all.Length == 0 ? (Html)$"<p>None.</p>" : (Html)$"<ul>\n{all.Take(PairsListed).Select(c => (Html)$"<li>{Name(classes, c.Label)} taken for {Name(classes, c.Predicted)}: {c.Before} → {c.After}</li>\n")}</ul>")}
            {(all.Length > PairsListed ? (Html)$"<p class=\"soft\">and {all.Length - PairsListed} more pairs with smaller changes</p>" : Html.Empty)}
            """;
    }

    static Html Map(IReadOnlyList<ClassChange> classes, IReadOnlyList<ConfusionChange> changes)
    {
        const int left = 112, top = 26, size = 440;
        var cell = (size - left) / (double)classes.Count;
        var most = changes.Max(c => Math.Abs(c.After - c.Before));
        var place = classes.Select((c, i) => (c.Class, i)).ToDictionary(p => p.Class, p => p.i);
        return $"""
            <figure>
            <ul class="key"><li><i class="k-more"></i>more often</li><li><i class="k-less"></i>less often</li></ul>
            <svg viewBox="0 0 {size} {top + (cell * classes.Count) + 2}" role="img" aria-label="Map of the changes in wrong answers; the lists beside it name the largest.">
            {classes.Select((c, i) => (Html)$"<text x=\"{left + (cell * (i + 0.5))}\" y=\"{top - 8}\" text-anchor=\"middle\">{c.Class}</text><text class=\"strong\" x=\"{left - 8}\" y=\"{top + (cell * (i + 0.5)) + 4}\" text-anchor=\"end\">{Short(AccuracySection.Name(c))}</text><rect class=\"diagonal\" x=\"{left + (cell * i)}\" y=\"{top + (cell * i)}\" width=\"{cell}\" height=\"{cell}\"/>\n")}
            {changes.Select(c => Cell(c, left + (cell * place[c.Predicted]), top + (cell * place[c.Label]), cell, most))}
            </svg>
            <figcaption>Change in the number of images of a class (row) that are taken for another (column).</figcaption>
            </figure>
            """;
    }

    static Html Cell(ConfusionChange change, double x, double y, double size, int most)
    {
        var difference = change.After - change.Before;
        var strength = 0.15 + (0.85 * Math.Abs(difference) / most);
        var text = size < 24 ? Html.Empty
            : (Html)$"<text class=\"{(strength > 0.6 ? "inverse" : "strong")}\" x=\"{x + (size / 2)}\" y=\"{y + (size / 2) + 4}\" text-anchor=\"middle\">{(difference > 0 ? "+" : "−")}{Math.Abs(difference)}</text>";
        return $"<rect class=\"{(difference > 0 ? "more" : "less")}\" fill-opacity=\"{strength}\" x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\"/>{text}\n";
    }

    static bool IsKnown(IReadOnlyList<ClassChange> classes, int @class) => classes.Any(c => c.Class == @class);

    static string Name(IReadOnlyList<ClassChange> classes, int @class) =>
        classes.FirstOrDefault(c => c.Class == @class) is { } found ? AccuracySection.Name(found) : $"{@class}";

    static string Short(string name) => name.Length <= 15 ? name : name[..14] + "…";
}
