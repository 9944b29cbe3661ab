using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>A model that edits disturb less, and how it came about.</summary>
public sealed record EditableResult(OnnxModel Model, EditableReport Report);
