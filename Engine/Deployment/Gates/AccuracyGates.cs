using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Deployment.Gates;

/// <summary>What a model is worth at its task, on labelled test items.</summary>
static class AccuracyGates
{
    /// <summary>Top-1 in percent at least.</summary>
    public static GateRow Least { get; } = new("require-accuracy")
    {
        Help = "Accuracy (top-1) in percent on the test data at least",
        Bounds = Bounds.Above(0).UpTo(100),
        NeedsImages = true,
        Missed = (measured, wanted) => Missed(measured, "accuracy", wanted),
    };

    /// <summary>Points that may be lost against the active version.</summary>
    public static GateRow MaxDrop { get; } = new("max-drop")
    {
        Help = "Points of the task's metric (accuracy of classifiers) that may be lost against the active version; percent of it, where it is no fraction",
        Bounds = Bounds.From(-100).UpTo(100),
        NeedsImages = true,
        NeedsActive = true,
        Missed = (measured, drop) => measured is { Own: { } own, Active: { } active } && active.Main.Loss(own.Main) is var lost && !(lost <= drop)
            ? FormattableString.Invariant($"{own.Main.Name} is {lost:f2} {(own.Main.IsFraction ? "points" : "%")} {(own.Main.IsHigherBetter ? "below" : "above")} the active version's on {own.Items} test items and {drop:f2} may be lost") : null,
    };

    /// <summary>Why a metric misses what is required of it, as half a sentence; null: it is met.</summary>
    /// <param name="measured">What was measured.</param>
    /// <param name="name">The metric.</param>
    /// <param name="wanted">The limit, in percent for fractions: at least, or at most for errors.</param>
    /// <exception cref="OnnxEngineException">The model's task has no such metric (<see cref="ErrorKind.Usage"/>).</exception>
    public static string? Missed(GateMeasurements measured, string name, double wanted)
    {
        if (measured.Own is not { } own) return null;
        var metric = own.Metrics.FirstOrDefault(m => m.Name == name) ?? throw new OnnxEngineException(ErrorKind.Usage,
            $"There is no metric '{name}' of a model that is measured as {own.Task}; it has {string.Join(", ", own.Metrics.Select(m => m.Name))}.");
        var value = metric.IsFraction ? 100 * metric.Value : metric.Value;
        var unit = metric.IsFraction ? " %" : "";
        if (metric.IsHigherBetter ? value >= wanted : value <= wanted) return null;
        return FormattableString.Invariant($"{name} is {value:f2}{unit} on {own.Items} test items and {(metric.IsHigherBetter ? "" : "at most ")}{wanted:f2}{unit} {(metric.IsHigherBetter ? "are required" : "is allowed")}");
    }
}
