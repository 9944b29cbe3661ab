using OnnxEdit.Kernels.Moments;

namespace OnnxEdit.Engine.Statistics;

/// <summary>What is known about the activations at one <see cref="MeasurementPoint"/>.</summary>
/// <param name="Id">Identity of the node that makes the tensor.</param>
/// <param name="Tensor">Name of the tensor.</param>
/// <param name="Features">Class moments and histograms of each pooled feature.</param>
/// <param name="Independence">CHIP's independence of each channel, mean over images; null: not measured.</param>
/// <param name="MapDistance">TVSPrune's smallest distance between mean maps of two classes, per channel; null: not measured.</param>
sealed record PointStatistics(
    string Id, string Tensor, IReadOnlyList<FeatureStatistics> Features, double[]? Independence, double[]? MapDistance)
{
    /// <summary>Number of channels.</summary>
    public int Channels => Features[0].Moments.Channels;
}
