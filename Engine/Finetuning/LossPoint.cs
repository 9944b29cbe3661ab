namespace OnnxEdit.Engine;

/// <summary>A look at a training.</summary>
/// <param name="Step">Steps made before it.</param>
/// <param name="Training">Mean loss of the steps since the last look, NaN before the first step.</param>
/// <param name="Validation">Loss on the validation images.</param>
public sealed record LossPoint(int Step, double Training, double Validation);
