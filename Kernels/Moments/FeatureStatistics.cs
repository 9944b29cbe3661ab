using OnnxEdit.Kernels.Sketches;

namespace OnnxEdit.Kernels.Moments;

/// <summary>What is known about one pooled feature of one layer.</summary>
/// <param name="Feature">Which feature.</param>
/// <param name="Moments">Counts and power sums per class and channel.</param>
/// <param name="Histograms">Histograms per class and channel, or null where only moments are kept.</param>
sealed record FeatureStatistics(PooledFeature Feature, ClassMoments Moments, ClassHistograms? Histograms);
