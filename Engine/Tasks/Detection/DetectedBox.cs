using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>An object that a model finds.</summary>
/// <param name="Class">Its class, as the model counts.</param>
/// <param name="Score">How sure the model is, 0 to 1.</param>
/// <param name="Box">Where it is.</param>
readonly record struct DetectedBox(int Class, float Score, Box Box);
