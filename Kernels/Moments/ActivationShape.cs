namespace OnnxEdit.Kernels.Moments;

/// <summary>Shape of the activations of one layer for one batch.</summary>
/// <param name="Images">N, images in the batch.</param>
/// <param name="Channels">C, channels (or hidden units).</param>
/// <param name="Positions">S, spatial positions or tokens per image; 1 for a vector output.</param>
/// <param name="Layout">Which of the last two axes is contiguous.</param>
readonly record struct ActivationShape(
    int Images, int Channels, int Positions, ActivationLayout Layout = ActivationLayout.ChannelsFirst)
{
    /// <summary>N C S, the number of floats.</summary>
    public long Length => (long)Images * Channels * Positions;

    /// <summary>Offset of one activation.</summary>
    public long Offset(int image, int channel, int position) => Layout == ActivationLayout.ChannelsFirst
        ? ((long)image * Channels + channel) * Positions + position
        : ((long)image * Positions + position) * Channels + channel;

    /// <summary>Checks that the shape is positive and that a buffer has exactly its length.</summary>
    /// <exception cref="OnnxKernelException">A dimension is not positive, or the lengths differ.</exception>
    public void Require(int bufferLength)
    {
        if (Images <= 0 || Channels <= 0 || Positions <= 0)
            throw new OnnxKernelException($"Activation shape {this} has a dimension that is not positive; skip empty batches.");
        if (Length != bufferLength)
            throw new OnnxKernelException(
                $"Activations hold {bufferLength} floats but shape {this} needs {Length}; pass the tensor's own dimensions.");
    }
}
