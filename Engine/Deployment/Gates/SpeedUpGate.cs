namespace OnnxEdit.Engine.Deployment.Gates;

/// <summary>Speed against the active version, the median at batch 1.</summary>
static class SpeedUpGate
{
    /// <summary>Times as fast at least.</summary>
    public static GateRow Row { get; } = new("require-speedup")
    {
        Help = "Times as fast as the active version at least, at batch 1",
        Bounds = Bounds.Above(0),
        NeedsActive = true,
        Missed = (measured, wanted) => measured.SpeedUp is { } found && !(found.Median >= wanted)
            ? FormattableString.Invariant($"it is {found.Median:f2} times as fast as the active version (middle half {found.Lower:f2} - {found.Upper:f2}) and {wanted:f2} is required") : null,
    };
}
