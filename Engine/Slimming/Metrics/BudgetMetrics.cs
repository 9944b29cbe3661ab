namespace OnnxEdit.Engine.Slimming.Metrics;

/// <summary>All that a budget can limit.</summary>
static class BudgetMetrics
{
    /// <summary>The rows; a new metric is one more.</summary>
    public static Choices<MetricRow> Table { get; } = new(
        "metric",
        CountedMetrics.Macs,
        CountedMetrics.Parameters,
        CountedMetrics.Bytes,
        LatencyMetrics.Ratio,
        LatencyMetrics.Milliseconds,
        AccuracyMetric.Row);

    /// <summary>Targets as users type them, e.g. "macs=0.6, params=0.6 (fractions) or ms=12ms".</summary>
    /// <param name="fractions">What is said of those that are fractions.</param>
    public static string Examples(string fractions)
    {
        string Typed(bool isFraction, string between) =>
            string.Join(between, Table.Rows.Where(row => row.Target is not null && row.IsFraction == isFraction).Select(row => $"{row.Target!.Value.Before}{row.Target.Value.Number}{row.Target.Value.After}"));
        return $"{Typed(true, ", ")} ({fractions}) or {Typed(false, " or ")}";
    }
}
