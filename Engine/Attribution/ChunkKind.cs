namespace OnnxEdit.Engine.Attribution;

/// <summary>What a chunk of work runs.</summary>
enum ChunkKind
{
    /// <summary>The network as it is, on all examples.</summary>
    Answers,

    /// <summary>Passes forward and backward over a few examples.</summary>
    Gradients,

    /// <summary>Ablated networks, each on all examples.</summary>
    Ablations,
}
