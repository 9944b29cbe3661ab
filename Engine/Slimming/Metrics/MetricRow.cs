using System.Globalization;

namespace OnnxEdit.Engine.Slimming.Metrics;

/// <summary>What a budget can limit.</summary>
/// <param name="Name">The word that users type.</param>
sealed record MetricRow(string Name) : IChoice
{
    /// <inheritdoc/>
    public string? Help { get; init; }

    /// <inheritdoc/>
    public string? Formerly { get; init; }

    /// <summary>A target for it as users type it: what stands before the number, a number, and what stands after it; null: it is no target, but has an option of its own.</summary>
    public (string Before, string Number, string After)? Target { get; init; }

    /// <summary>Whether the value is the fraction of the original that may be left, in (0, 1), and no amount of its own.</summary>
    public bool IsFraction { get; init; }

    /// <summary>Whether accuracy is measured, for which the model has to be a classifier.</summary>
    public bool NeedsAccuracy { get; init; }

    /// <summary>A value in words, as plans and histories hold it.</summary>
    public required Func<double, string> Say { get; init; }

    /// <summary>Finds the cells to remove so that a value is met.</summary>
    public required Func<BudgetSearch, double, bool[]> Search { get; init; }

    /// <summary>The value that a target names, e.g. 0.6 of macs=0.6; null where it is none of this metric, or out of range.</summary>
    public double? Read(string target) =>
        Target is var (before, _, after) && target.Length > before.Length + after.Length
        && target.StartsWith(before, StringComparison.Ordinal) && target.EndsWith(after, StringComparison.Ordinal)
        && double.TryParse(target[before.Length..^after.Length], NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        && value > 0 && (!IsFraction || value < 1) ? value : null;
}
