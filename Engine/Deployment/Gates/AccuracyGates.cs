namespace OnnxEdit.Engine.Deployment.Gates;

/// <summary>Accuracy on labelled test images.</summary>
static class AccuracyGates
{
    /// <summary>Top-1 in percent at least.</summary>
    public static GateRow Least { get; } = new("require-accuracy")
    {
        Help = "Top-1 in percent on the test data at least",
        Bounds = Bounds.Above(0).UpTo(100),
        NeedsImages = true,
        Missed = (measured, wanted) => measured.Accuracy is { } own && own.Top1 < wanted / 100
            ? FormattableString.Invariant($"top-1 is {100 * own.Top1:f2} % on {own.Count} test images and {wanted:f2} % are required") : null,
    };

    /// <summary>Points that may be lost against the active version.</summary>
    public static GateRow MaxDrop { get; } = new("max-drop")
    {
        Help = "Points of accuracy that may be lost against the active version",
        Bounds = Bounds.From(-100).UpTo(100),
        NeedsImages = true,
        NeedsActive = true,
        Missed = (measured, drop) => measured.Change is { } change && -change.Difference > drop / 100
            ? FormattableString.Invariant($"top-1 is {-100 * change.Difference:f2} points below the active version's on {measured.Accuracy!.Count} test images and {drop:f2} may be lost") : null,
    };
}
