using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>The edited model and what was measured on it.</summary>
public sealed record UnlearnResult(OnnxModel Model, UnlearnReport Report);
