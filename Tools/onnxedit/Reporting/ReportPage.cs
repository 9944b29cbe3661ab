using OnnxEdit.Engine.Reporting;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>The report as one HTML file that needs nothing else: styles and drawings are in it, scripts are none.</summary>
static class ReportPage
{
    const string StyleResource = "report.css";

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="report">What it says.</param>
    /// <param name="command">The command line that makes it again.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    internal static void Save(string path, ComparisonReport report, string command, bool overwrite) =>
        AtomicFile.WriteText(path, OptionWords.In(Page(report, command).ToString()), overwrite);

    static Html Page(ComparisonReport report, string command) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="generator" content="onnxedit {report.Environment.Versions["onnxedit"]}">
        <title>{report.After.File ?? "model"} - onnxedit report</title>
        <style>
        {Style()}
        </style>
        </head>
        <body>
        <main>
        {SummarySection.Of(report)}
        {ChangeSection.Of(report)}
        {AccuracySection.Of(report)}
        {MarginSection.Of(report)}
        {ConfusionSection.Of(report)}
        {LayerSection.Of(report)}
        {LatencySection.Of(report)}
        {HistorySection.Of(report)}
        {OriginSection.Of(report, command)}
        </main>
        </body>
        </html>

        """;

    /// <summary>A section with a heading.</summary>
    internal static Html Section(string title, Html content) => $"""
        <section>
        <h2>{title}</h2>
        {content}
        </section>

        """;

    /// <summary>The style sheet; our own file, so it needs no escaping.</summary>
    static Html Style()
    {
        using var reader = new StreamReader(typeof(ReportPage).Assembly.GetManifestResourceStream(StyleResource)!);
        var style = Html.Empty;
        style.AppendLiteral(reader.ReadToEnd().TrimEnd());
        return style;
    }
}
