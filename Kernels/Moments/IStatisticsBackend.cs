namespace OnnxEdit.Kernels.Moments;

/// <summary>
/// The seam between statistics and hardware. <see cref="SimdBackend"/> is the default on a CPU;
/// <see cref="IlgpuBackend"/> runs the same sums on an accelerator.
/// </summary>
interface IStatisticsBackend : IDisposable
{
    /// <summary>CPU threads that may be used beside the device, at least 1.</summary>
    int Threads { get; }

    /// <summary>
    /// Reads every activation once and writes mean, L2 norm and maximum over positions per image and channel.
    /// Sums are kept in double.
    /// </summary>
    /// <param name="activations">N C S floats, laid out as <paramref name="shape"/> says.</param>
    /// <param name="shape">The dimensions.</param>
    /// <param name="into">Receives [N, C] features.</param>
    /// <exception cref="OnnxKernelException">An activation is NaN or infinite, or lengths do not fit.</exception>
    void Pool(ReadOnlySpan<float> activations, ActivationShape shape, PooledFeatures into);

    /// <summary>
    /// Writes for every feature value the index of its histogram bin: 0 below the pilot range,
    /// 1 ... <paramref name="bins"/> inside it, bins + 1 above.
    /// </summary>
    /// <param name="features">[N, C] finite values of one pooled feature.</param>
    /// <param name="scale">The pilot ranges of the C channels.</param>
    /// <param name="bins">Equal bins per range.</param>
    /// <param name="indices">Receives [N, C] bin indices.</param>
    /// <exception cref="OnnxKernelException">Lengths do not fit.</exception>
    void BinIndices(ReadOnlySpan<double> features, FeatureScale scale, int bins, Span<int> indices);
}
