using OnnxEdit.Engine.Reporting;
using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Cli;

/// <summary>Distribution of the measured times, one drawing per batch size.</summary>
static class LatencySection
{
    const int Bins = 30;

    /// <summary>Share of the times that the axis shows; a busy machine makes a few that are far off.</summary>
    const double Shown = 0.97;

    internal static Html Of(ComparisonReport report) => report.Latency.Count == 0 ? Html.Empty : ReportPage.Section("Time", $"""
        {AccuracySection.Key(report.Before is not null)}
        <div class="figures">
        {report.Latency.Select(Figure)}
        </div>
        """);

    static Html Figure(LatencyResult time)
    {
        var isPair = time.Second is not null;
        var limit = Quantile.Of([.. time.FirstTimes.Concat(time.SecondTimes).Order()], Shown);
        double[] Cut(IReadOnlyList<double> times) => [.. times.Select(t => Math.Min(t, limit))];
        var histogram = isPair
            ? PairedHistogram.Of(Cut(time.FirstTimes), Cut(time.SecondTimes), Bins)
            : PairedHistogram.Of(null, Cut(time.FirstTimes), Bins);
        var beyond = time.FirstTimes.Concat(time.SecondTimes).Count(t => t > limit);
        var caption = $"Batch {time.Batch}: {(isPair ? $"median {Range(time.First)} ms before, {Range(time.Second!.Value)} ms after" : $"median {Range(time.First)} ms")}, {Figures.Count(time.Pairs)} measurements{(isPair ? " of each in turns" : "")}."
            + (time.SpeedUp is { } speed ? $" Pair by pair {Figures.Ratio(speed.Median)} as fast ({Figures.Ratio(speed.Lower)} - {Figures.Ratio(speed.Upper)})." : "")
            + (beyond > 0 ? $" The last bar holds {beyond} slower ones too." : "");
        return $"""
            <figure>
            {HistogramChart.Of(histogram, $"ms, batch {time.Batch}", $"Histogram of the times. {caption}", zero: false)}
            <figcaption>{caption} In brackets: where the middle half lies.</figcaption>
            </figure>

            """;
    }

    static string Range(Quartiles q) => $"{Figures.Milliseconds(q.Median)} ({Figures.Milliseconds(q.Lower)} - {Figures.Milliseconds(q.Upper)})";
}
