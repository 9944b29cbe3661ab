using System.Globalization;
using OnnxEdit.Engine.Reporting;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Every edit the model remembers, with its options and what it measured.</summary>
static class HistorySection
{
    internal static Html Of(ComparisonReport report) => report.After.History.Count == 0 ? Html.Empty : ReportPage.Section("History of edits", $"""
        <p class="soft">As it travels in the model, oldest first.</p>
        {report.After.History.Select((entry, i) => Entry(entry, i + 1))}
        """);

    static Html Entry(HistoryEntry entry, int number) => $"""
        <h3>{number}. {entry.Command}</h3>
        <dl>
        {entry.Options.Select(option => Line(option.Key, option.Value))}
        {(entry.Seed is { } seed ? Line("seed", seed.ToString(CultureInfo.InvariantCulture)) : Html.Empty)}
        {Change("parameters", entry.ParametersBefore, entry.ParametersAfter)}
        {Change("MACs", entry.MacsBefore, entry.MacsAfter)}
        {(entry is { AccuracyBefore: { } before, AccuracyAfter: { } after } ? Line("top-1 %", $"{Figures.Percent(before)} → {Figures.Percent(after)}") : Html.Empty)}
        {entry.Results.Select(result => Line(result.Key, result.Value.ToString("0.######", CultureInfo.InvariantCulture)))}
        {Line("made from", $"SHA-256 {entry.SourceSha256}")}
        {Line("versions", string.Join(", ", entry.Versions.Select(v => $"{v.Key} {v.Value}")))}
        </dl>

        """;

    static Html Change(string what, long? before, long? after) =>
        before is { } b && after is { } a ? Line(what, b == a ? Figures.Count(a) : $"{Figures.Count(b)} → {Figures.Count(a)}") : Html.Empty;

    /// <summary>A term and what is said of it.</summary>
    internal static Html Line(string term, string value) => $"<dt>{term}</dt><dd>{value}</dd>\n";
}
