using OnnxEdit.Engine.Slimming.Metrics;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Slimming;

/// <summary>What a slim has to reach.</summary>
/// <param name="Metric">
/// What is counted: "params", "macs", "bytes", "ms" (median latency at batch 1), "milliseconds" (the same, absolute) or "max-drop"
/// (validation accuracy).
/// </param>
/// <param name="Value">
/// For counts and "ms": the fraction that may be left, in (0, 1). For "milliseconds": these. For "max-drop": percentage points that
/// may be lost; the smallest such model is sought.
/// </param>
public sealed record SlimBudget(string Metric, double Value)
{
    /// <summary>Removes at least this fraction of the parameters.</summary>
    public static SlimBudget Sparsity(double removed) => new(CountedMetrics.Parameters.Name, 1 - removed);

    /// <summary>Loses at most so many percentage points of validation accuracy.</summary>
    public static SlimBudget MaxDrop(double points) => new(AccuracyMetric.Row.Name, points);

    /// <summary>Parses "macs=0.6", "params=0.6", "bytes=0.6", "ms=0.7" (a ratio) or "ms=12ms" (absolute).</summary>
    /// <exception cref="OnnxEngineException">Not of that form, or out of range.</exception>
    public static SlimBudget Parse(string text)
    {
        foreach (var row in BudgetMetrics.Table.Rows)
            if (row.Read(text) is { } value) return new SlimBudget(row.Name, value);
        throw new OnnxEngineException(ErrorKind.Usage, $"SlimBudget.Parse takes what may be left, as {BudgetMetrics.Examples("fractions between 0 and 1")}, not '{text}'.");
    }

    /// <summary>The metric.</summary>
    internal MetricRow Row => BudgetMetrics.Table.Of(Metric);

    /// <inheritdoc/>
    public override string ToString() => Row.Say(Value);
}
