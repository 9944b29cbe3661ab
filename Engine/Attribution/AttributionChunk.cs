namespace OnnxEdit.Engine.Attribution;

/// <summary>A piece of the work that attributions need, independent of all others.</summary>
/// <param name="Number">Its number, from 0; results are added up in this order.</param>
/// <param name="Kind">What it runs.</param>
/// <param name="Example">Its first example.</param>
/// <param name="Examples">Number of examples.</param>
/// <param name="First">Its first mask, or its first pass.</param>
/// <param name="Count">Number of masks or passes.</param>
sealed record AttributionChunk(int Number, ChunkKind Kind, int Example, int Examples, int First, int Count)
{
    /// <summary>Cost in forward passes of one example; a pass forward and backward counts 3.</summary>
    public long Cost => (Kind == ChunkKind.Gradients ? 3L : 1L) * Examples * Count;

    /// <summary>A few words for a reader.</summary>
    public override string ToString() => Kind switch
    {
        ChunkKind.Answers => "answers of the whole network",
        ChunkKind.Gradients => FormattableString.Invariant($"gradients of examples {Example}-{Example + Examples - 1}, passes {First}-{First + Count - 1}"),
        _ => FormattableString.Invariant($"ablations {First}-{First + Count - 1}"),
    };
}
