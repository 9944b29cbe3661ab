using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Training;

/// <summary>A look at a training. Losses are cross-entropies with labels, divergences from a teacher's answers times the squared temperature; for models that are no classifiers squared errors relative to the teacher's squares, or to the variance of the numbers that are learned.</summary>
/// <param name="Step">Steps made before it.</param>
/// <param name="Training">Mean loss of the steps since the last look, NaN before the first step.</param>
/// <param name="Validation">Loss on the validation images.</param>
/// <param name="Top1">Accuracy on the validation images, as a fraction of one; null without labels.</param>
public sealed record LossPoint(int Step, double Training, double Validation, double? Top1 = null)
{
    /// <summary>The task's metric on the validation items, or how far answers agree with the teacher's, of a model that is no classifier; without scores of items.</summary>
    public MetricValue? Metric { get; init; }
}
