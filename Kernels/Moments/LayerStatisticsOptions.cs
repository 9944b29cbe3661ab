using OnnxEdit.Kernels.Sketches;

namespace OnnxEdit.Kernels.Moments;

/// <summary>What <see cref="LayerStatistics"/> collects.</summary>
sealed record LayerStatisticsOptions
{
    /// <summary>Pooled features to keep, without repetition. All three by default.</summary>
    public IReadOnlyList<PooledFeature> Features { get; init; } = [PooledFeature.Mean, PooledFeature.Norm, PooledFeature.Max];

    /// <summary>Images that fix the standardisation and the histogram ranges.</summary>
    public int PilotImages { get; init; } = 256;

    /// <summary>
    /// Bins per histogram; 0 keeps moments only. Histograms take 4 (bins + 2) bytes per class, channel and feature.
    /// </summary>
    public int Bins { get; init; } = ClassHistograms.DefaultBins;
}
