namespace OnnxEdit.Engine.Slimming;

/// <summary>What a slim has to reach.</summary>
/// <param name="Metric">What is counted.</param>
/// <param name="Value">
/// For counts and relative latency: the fraction that may be left, in (0, 1). For <see cref="BudgetMetric.Milliseconds"/>:
/// milliseconds at batch 1. For <see cref="BudgetMetric.AccuracyDrop"/>: percentage points that may be lost.
/// </param>
public sealed record SlimBudget(BudgetMetric Metric, double Value)
{
    /// <summary>Removes at least this fraction of the parameters.</summary>
    public static SlimBudget Sparsity(double removed) => new(BudgetMetric.Parameters, 1 - removed);

    /// <summary>Parses "macs=0.6", "params=0.6", "bytes=0.6", "ms=0.7" (a ratio) or "ms=12ms" (absolute).</summary>
    /// <exception cref="OnnxEngineException">Not of that form, or out of range.</exception>
    public static SlimBudget Parse(string text)
    {
        var parts = text.Split('=', 2);
        if (parts.Length == 2)
        {
            var absolute = parts[0] == "ms" && parts[1].EndsWith("ms", StringComparison.Ordinal);
            var number = absolute ? parts[1][..^2] : parts[1];
            BudgetMetric? metric = parts[0] switch
            {
                "params" => BudgetMetric.Parameters,
                "macs" => BudgetMetric.Macs,
                "bytes" => BudgetMetric.Bytes,
                "ms" => absolute ? BudgetMetric.Milliseconds : BudgetMetric.Latency,
                _ => null,
            };
            if (metric is { } known && double.TryParse(number, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var value)
                && value > 0 && (absolute || value < 1)) return new SlimBudget(known, value);
        }
        throw new OnnxEngineException(ErrorKind.Usage,
            $"--target takes what may be left, as macs=0.6, params=0.6, bytes=0.6, ms=0.7 (fractions between 0 and 1) or ms=12ms, not '{text}'.");
    }

    /// <inheritdoc/>
    public override string ToString() => Metric switch
    {
        BudgetMetric.Milliseconds => FormattableString.Invariant($"at most {Value} ms"),
        BudgetMetric.AccuracyDrop => FormattableString.Invariant($"at most {Value} points of accuracy lost"),
        BudgetMetric.Latency => FormattableString.Invariant($"{Value:0.###} of the latency"),
        BudgetMetric.Macs => FormattableString.Invariant($"{Value:0.###} of the MACs"),
        BudgetMetric.Bytes => FormattableString.Invariant($"{Value:0.###} of the bytes"),
        _ => FormattableString.Invariant($"{Value:0.###} of the parameters"),
    };
}
