namespace OnnxEdit.Engine.Deployment.Gates;

/// <summary>Something that can be required of a version before it is published.</summary>
/// <param name="Name">The word that users type: an option of its own.</param>
sealed record GateRow(string Name) : IChoice
{
    /// <inheritdoc/>
    public required string? Help { get; init; }

    /// <inheritdoc/>
    public string? Formerly { get; init; }

    /// <summary>The limits that make sense.</summary>
    public required Bounds Bounds { get; init; }

    /// <summary>Whether it is measured on labelled test images.</summary>
    public bool NeedsImages { get; init; }

    /// <summary>Whether it compares with the version that is active.</summary>
    public bool NeedsActive { get; init; }

    /// <summary>Why a limit is missed, as half a sentence; null: it is met.</summary>
    public required Func<GateMeasurements, double, string?> Missed { get; init; }
}
