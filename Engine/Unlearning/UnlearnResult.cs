using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>The edited model and what was measured on it.</summary>
public sealed record UnlearnResult(OnnxModel Model, UnlearnReport Report);
