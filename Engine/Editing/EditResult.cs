using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Editing;

/// <summary>An edited model and what is known of it.</summary>
/// <param name="Model">The model.</param>
/// <param name="Report">The figures.</param>
public sealed record EditResult(OnnxModel Model, EditReport Report);
