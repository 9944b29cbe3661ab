using OnnxEdit.Engine.Reporting;

namespace OnnxEdit.Cli;

/// <summary>How sure the models are: the distribution of the margin of the right class.</summary>
static class MarginSection
{
    internal static Html Of(ComparisonReport report)
    {
        if (report.Accuracy is not { } accuracy) return Html.Empty;
        var mean = accuracy.Before is { } before
            ? $"mean margin {Figures.Plain(before.MeanMargin)} before, {Figures.Plain(accuracy.After.MeanMargin)} after"
            : $"mean margin {Figures.Plain(accuracy.After.MeanMargin)}";
        var wrong = accuracy.Before is { } was
            ? $"{Figures.Percent(1 - was.Top1)} % of the items before, {Figures.Percent(1 - accuracy.After.Top1)} % after"
            : $"{Figures.Percent(1 - accuracy.After.Top1)} % of the items";
        return ReportPage.Section("How sure it is", $"""
            <figure class="wide">
            <div>
            {AccuracySection.Key(accuracy.Before is not null)}
            {HistogramChart.Of(accuracy.Margins, "margin of the right class", $"Histogram of the margin of the right class over {Figures.Count(accuracy.Images)} items: {mean}; wrong are {wrong}.", zero: true)}
            </div>
            <figcaption>Images by the margin of the right class: its score minus the best of the others. Left of the dashed line the model errs ({wrong}). {Capital(mean)}.</figcaption>
            </figure>
            """);
    }

    static string Capital(string sentence) => char.ToUpperInvariant(sentence[0]) + sentence[1..];
}
