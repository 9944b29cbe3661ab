namespace OnnxEdit.Engine.Training;

/// <summary>A look at a training. Losses are cross-entropies with labels, divergences from a teacher's answers times the squared temperature.</summary>
/// <param name="Step">Steps made before it.</param>
/// <param name="Training">Mean loss of the steps since the last look, NaN before the first step.</param>
/// <param name="Validation">Loss on the validation images.</param>
/// <param name="Top1">Accuracy on the validation images, as a fraction of one; null without labels.</param>
public sealed record LossPoint(int Step, double Training, double Validation, double? Top1 = null);
