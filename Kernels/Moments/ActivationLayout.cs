namespace OnnxEdit.Kernels.Moments;

/// <summary>How the activations of one layer lie in memory.</summary>
public enum ActivationLayout
{
    /// <summary>[images, channels, positions]: NCHW convolutions; one channel of one image is contiguous.</summary>
    ChannelsFirst,

    /// <summary>[images, positions, channels]: tokens of a transformer, NHWC convolutions.</summary>
    ChannelsLast,
}
