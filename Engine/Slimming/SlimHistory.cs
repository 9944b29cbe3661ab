using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>The record of a slim that travels in the model: reproducible facts only, no paths, no times.</summary>
static class SlimHistory
{
    /// <summary>Makes the record.</summary>
    public static HistoryEntry Entry(SlimPlan plan, SlimReport report, SlimOptions options, SlimData data) => new()
    {
        Command = "slim",
        Options = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["align"] = FormattableString.Invariant($"{plan.Align}"),
            ["attention"] = Words.Of(plan.Attention),
            ["budget"] = plan.Budget,
            ["calibration"] = FormattableString.Invariant($"{data.Calibration?.Count ?? 0}"),
            ["recovery"] = Words.Of(options.Recovery),
            ["score"] = plan.Score,
            ["statistics"] = plan.Statistics,
        },
        Seed = options.Seed,
        Versions = EngineVersions.Current,
        SourceSha256 = plan.SourceSha256,
        ParametersBefore = report.Before.Parameters,
        ParametersAfter = report.After.Parameters,
        MacsBefore = report.Before.Macs,
        MacsAfter = report.After.Macs,
        AccuracyBefore = report.AccuracyBefore?.Top1,
        AccuracyAfter = report.AccuracyAfter?.Top1,
        Results = Measured(report).Where(result => double.IsFinite(result.Value)).ToDictionary(result => result.Name, result => result.Value),
    };

    // What accuracies do not say, e.g. "spearmanBefore", or "cosine" of the answers before and after.
    static IEnumerable<(string Name, double Value)> Measured(SlimReport report)
    {
        if (report.Agreement is { } agreement) return agreement.Metrics.Select(metric => (metric.Name, metric.Value));
        if (report is not { MeasuredBefore: { Classification: null } before, MeasuredAfter: { } after }) return [];
        return before.Metrics.Select(metric => ($"{metric.Name}Before", metric.Value)).Concat(after.Metrics.Select(metric => ($"{metric.Name}After", metric.Value)));
    }
}
