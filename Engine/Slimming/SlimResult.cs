using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>What a slim made. Nothing has been written yet.</summary>
/// <param name="Model">The slim model, verified in ONNX Runtime; null when only a plan was asked for.</param>
/// <param name="Plan">What was removed.</param>
/// <param name="Report">Figures.</param>
public sealed record SlimResult(OnnxModel? Model, SlimPlan Plan, SlimReport Report);
