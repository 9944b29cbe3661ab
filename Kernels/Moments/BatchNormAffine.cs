namespace OnnxEdit.Kernels.Moments;

/// <summary>Inference-time batch normalisation of one channel, y = gamma (x - mean) / deviation + beta.</summary>
/// <param name="Gamma">Learned scale.</param>
/// <param name="Beta">Learned shift.</param>
/// <param name="Mean">Running mean of x.</param>
/// <param name="Deviation">Square root of running variance plus epsilon.</param>
readonly record struct BatchNormAffine(double Gamma, double Beta, double Mean, double Deviation)
{
    /// <summary>Factor by which a preceding convolution's weights are multiplied when the two are folded.</summary>
    public double Slope => Gamma / Deviation;

    /// <summary>
    /// The bias after folding, which is also the constant that the channel takes when the convolution before
    /// it is zeroed.
    /// </summary>
    public double Constant => Beta - Gamma * Mean / Deviation;
}
