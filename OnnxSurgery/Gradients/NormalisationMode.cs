namespace OnnxEdit.Surgery.Gradients;

/// <summary>What batch normalisation does in a differentiable graph.</summary>
enum NormalisationMode
{
    /// <summary>Uses the stored mean and variance, as in inference.</summary>
    Frozen,

    /// <summary>Uses the mean and variance of the batch at hand, and lets the gradient through them, as in training.</summary>
    BatchStatistics,
}
