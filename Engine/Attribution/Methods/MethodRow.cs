using OnnxEdit.Engine.Attribution.Ablations;

namespace OnnxEdit.Engine.Attribution.Methods;

/// <summary>A way to estimate attributions.</summary>
/// <param name="Name">The word that users type.</param>
sealed record MethodRow(string Name) : IChoice
{
    /// <inheritdoc/>
    public string? Help { get; init; }

    /// <inheritdoc/>
    public string? Formerly { get; init; }

    /// <summary>Passes forward and backward over every example, and ablated networks that every example is run through.</summary>
    public required Func<AttributionOptions, int, (int Passes, int Ablations)> Work { get; init; }

    /// <summary>Where gradients are taken, of the options, the number of components and that of passes; null: nowhere.</summary>
    public Func<AttributionOptions, int, int, GradientMasks>? Gradients { get; init; }

    /// <summary>True: gradients are by the outputs of components, summed over places, instead of their masks.</summary>
    public bool ByOutput { get; init; }

    /// <summary>The least budget that allows so many passes forward and backward.</summary>
    public Func<int, int> Budget { get; init; } = passes => 3 * passes;

    /// <summary>Whether the first ablations leave out one component each.</summary>
    public bool LeavesOneOut { get; init; }

    /// <summary>Whether random ablations are regressed on.</summary>
    public bool Regresses { get; init; }

    /// <summary>Whether some of these are held out to choose a ridge on.</summary>
    public bool HasRidge { get; init; }

    /// <summary>Attributions from what was run.</summary>
    public required Func<AttributionEstimate, Attributions> Estimate { get; init; }
}
