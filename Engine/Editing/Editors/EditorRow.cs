namespace OnnxEdit.Engine.Editing.Editors;

/// <summary>A way to give images other classes.</summary>
/// <param name="Name">The word that users type.</param>
sealed record EditorRow(string Name) : IChoice
{
    /// <inheritdoc/>
    public string? Help { get; init; }

    /// <inheritdoc/>
    public string? Formerly { get; init; }

    /// <summary>How weights follow gradients; null: it takes no gradient steps.</summary>
    public GradientSteps? Steps { get; init; }

    /// <summary>Prepares a model and what is to be edited.</summary>
    public required Func<EditGround, ImageEdits> Prepare { get; init; }

    /// <summary>Options of its own, as the history holds them.</summary>
    public Func<EditOptions, IEnumerable<(string Name, string Value)>> Options { get; init; } = _ => [];
}
