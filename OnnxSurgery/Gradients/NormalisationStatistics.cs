namespace OnnxEdit.Surgery.Gradients;

/// <summary>The statistics of a batch normalisation: the stored ones, and those of the batch in a differentiable graph.</summary>
/// <param name="Mean">Initializer with the stored means.</param>
/// <param name="Variance">Initializer with the stored variances.</param>
/// <param name="BatchMean">Tensor with the means of the batch, one per channel.</param>
/// <param name="BatchVariance">Tensor with the variances of the batch, divided by <paramref name="Count"/>.</param>
/// <param name="Count">Values per channel in a batch.</param>
sealed record NormalisationStatistics(string Mean, string Variance, string BatchMean, string BatchVariance, long Count);
