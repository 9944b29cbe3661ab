using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>An answer.</summary>
/// <param name="Model">The model that gave it.</param>
/// <param name="Version">Its version.</param>
/// <param name="Id">The request's id, or null.</param>
/// <param name="Outputs">The outputs, and for each whether it goes as bytes.</param>
sealed record InferResponse(string Model, int Version, string? Id, IReadOnlyList<(TensorValue Tensor, bool IsBinary)> Outputs);
