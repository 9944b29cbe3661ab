using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Training;

/// <summary>The stored means and variances of one batch normalisation, which follow those of batches.</summary>
/// <param name="place">Where both are found.</param>
/// <param name="model">A folded model that holds the stored ones.</param>
sealed class RunningStatistics(NormalisationStatistics place, ModelProto model)
{
    /// <summary>Means, one per channel.</summary>
    public float[] Mean { get; } = TensorData.Floats(model.Graph.Initializer.First(t => t.Name == place.Mean));

    /// <summary>Variances, one per channel.</summary>
    public float[] Variance { get; } = TensorData.Floats(model.Graph.Initializer.First(t => t.Name == place.Variance));

    /// <summary>Tensors with the mean and the variance of a batch.</summary>
    public IReadOnlyList<string> Outputs => [place.BatchMean, place.BatchVariance];

    /// <summary>stored &lt;- (1 - share) stored + share of the batch, whose variance is taken over n - 1.</summary>
    public void Follow(ReadOnlySpan<float> mean, ReadOnlySpan<float> variance, double share)
    {
        var unbiased = place.Count > 1 ? place.Count / (place.Count - 1.0) : 1;
        for (var c = 0; c < Mean.Length; c++)
        {
            Mean[c] += (float)(share * (mean[c] - (double)Mean[c]));
            Variance[c] += (float)(share * (unbiased * variance[c] - Variance[c]));
        }
    }

    /// <summary>Writes given values, a mean and a variance, into a folded model.</summary>
    public void CopyTo(ModelProto target, float[] mean, float[] variance)
    {
        TensorData.SetFloats(target.Graph.Initializer.First(t => t.Name == place.Mean), mean);
        TensorData.SetFloats(target.Graph.Initializer.First(t => t.Name == place.Variance), variance);
    }
}
