using System.Globalization;
using OnnxEdit.Engine.Reporting;

namespace OnnxEdit.Cli;

/// <summary>Where, when and with what the report was measured, and how to make it again.</summary>
static class OriginSection
{
    internal static Html Of(ComparisonReport report, string command)
    {
        var environment = report.Environment;
        return ReportPage.Section("Where this comes from", $"""
            <dl>
            {HistorySection.Line("measured", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture))}
            {(report.Before is { } before ? HistorySection.Line("before", $"{before.File}, SHA-256 {before.Sha256}") : Html.Empty)}
            {HistorySection.Line(report.Before is null ? "model" : "after", $"{report.After.File}, SHA-256 {report.After.Sha256}")}
            {HistorySection.Line("versions", string.Join(", ", environment.Versions.Select(v => $"{v.Key} {v.Value}")))}
            {HistorySection.Line("machine", $"{environment.Processor}, {environment.Cores} cores, {environment.System}")}
            {HistorySection.Line("run on", $"{environment.Device}, {(environment.Threads > 0 ? $"{environment.Threads}" : "all")} threads")}
            </dl>
            <p>Made again by</p>
            <pre>{command}</pre>
            <p class="soft">Sizes and accuracies come out the same; times are those of one machine at one moment.</p>
            """);
    }
}
