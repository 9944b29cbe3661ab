using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Rewrites;

/// <summary>A model cut in two.</summary>
/// <param name="Trunk">From the model's inputs to the cut; also returns what the model returned before the cut.</param>
/// <param name="Suffix">From the cut to the model's outputs.</param>
/// <param name="Crossing">
/// What the suffix reads: outputs of the trunk, and inputs of the model that are also read behind the cut. The tensor that
/// was cut at is among them.
/// </param>
sealed record CutParts(ModelProto Trunk, ModelProto Suffix, IReadOnlyList<string> Crossing);
