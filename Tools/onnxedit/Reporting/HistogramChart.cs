using System.Globalization;
using OnnxEdit.Engine.Reporting;

namespace OnnxEdit.Cli;

/// <summary>Draws two histograms over each other: the first as an area, the second as a line.</summary>
static class HistogramChart
{
    const int Width = 440, Height = 230, Left = 44, Right = 8, Top = 8, Bottom = 40;

    /// <summary>Draws it.</summary>
    /// <param name="data">The counts.</param>
    /// <param name="unit">What stands on the axis.</param>
    /// <param name="label">What a reader who does not see it should know.</param>
    /// <param name="zero">Whether 0 is marked.</param>
    internal static Html Of(PairedHistogram data, string unit, string label, bool zero)
    {
        var bins = data.After.Count;
        var end = data.Lower + (bins * data.Width);
        var most = Math.Max(1, data.After.Concat(data.Before ?? []).Max());
        double X(double value) => Left + ((Width - Left - Right) * (value - data.Lower) / (end - data.Lower));
        double Y(double count) => Height - Bottom - ((Height - Top - Bottom) * count / most);
        string Steps(IReadOnlyList<int> counts) => string.Concat(counts.Select((count, i) =>
            FormattableString.Invariant($"L{X(data.Lower + (i * data.Width)):F1},{Y(count):F1}L{X(data.Lower + ((i + 1) * data.Width)):F1},{Y(count):F1}")));
        string Path(IReadOnlyList<int> counts) => FormattableString.Invariant($"M{Left},{Y(0):F1}{Steps(counts)}L{Width - Right},{Y(0):F1}");
        return $"""
            <svg viewBox="0 0 {Width} {Height}" role="img" aria-label="{label}">
            {Ticks(0, most, 4).Select(count => (Html)$"<line class=\"axis\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(count)}\" y2=\"{Y(count)}\"/><text x=\"{Left - 6}\" y=\"{Y(count) + 4}\" text-anchor=\"end\">{Number(count)}</text>\n")}
            {Ticks(data.Lower, end, 6).Select(value => (Html)$"<text x=\"{X(value)}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{Number(value)}</text>\n")}
            <text x="{(Width + Left - Right) / 2.0}" y="{Height - 6}" text-anchor="middle">{unit}</text>
            {(data.Before is { } before ? (Html)$"<path class=\"before\" d=\"{Path(before)}Z\"/>" : Html.Empty)}
            <path class="{(data.Before is null ? "alone" : "after")}" d="{Path(data.After)}"/>
            {(zero && data.Lower < 0 && end > 0 ? (Html)$"<line class=\"zero\" x1=\"{X(0)}\" x2=\"{X(0)}\" y1=\"{Top}\" y2=\"{Height - Bottom}\"/>" : Html.Empty)}
            </svg>
            """;
    }

    /// <summary>Round numbers in a range: steps of 1, 2 or 5 times a power of ten, about as many as asked for.</summary>
    internal static IEnumerable<double> Ticks(double lower, double upper, int about)
    {
        var rough = (upper - lower) / about;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = power * ((rough / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 });
        for (var n = Math.Ceiling(lower / step); n * step <= upper + (step * 1e-9); n++) yield return n * step;
    }

    static string Number(double value) => Math.Round(value, 6).ToString("#,0.######", CultureInfo.InvariantCulture);
}
