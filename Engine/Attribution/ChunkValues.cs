using OnnxEdit.Engine.Attribution.Ablations;

namespace OnnxEdit.Engine.Attribution;

/// <summary>What a chunk of work gave: answers under each of its masks, or sums of gradients.</summary>
/// <param name="Answers">[masks][examples], or null.</param>
/// <param name="Gradients">Sums over the chunk's passes, of the chunk's examples, or null.</param>
sealed record ChunkValues(float[][]? Answers, PathGradients? Gradients);
