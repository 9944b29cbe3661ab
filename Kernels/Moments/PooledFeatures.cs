namespace OnnxEdit.Kernels;

/// <summary>The three pooled features of a batch, each a row-major array [images, channels].</summary>
public sealed class PooledFeatures
{
    readonly double[][] _values;

    /// <summary>Allocates room for a batch.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is not positive.</exception>
    public PooledFeatures(int images, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(images);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        Images = images;
        Channels = channels;
        _values = [new double[images * channels], new double[images * channels], new double[images * channels]];
    }

    /// <summary>N.</summary>
    public int Images { get; }

    /// <summary>C.</summary>
    public int Channels { get; }

    /// <summary>The values of one feature, [images, channels].</summary>
    public ReadOnlySpan<double> this[PooledFeature feature] => _values[(int)feature];

    /// <summary>
    /// Stores the pooled features of one channel of one image from its raw sums. A sum of squares in double
    /// cannot overflow for float input, so it is finite exactly if every activation was.
    /// </summary>
    /// <returns>False if the activations of this row were not all finite.</returns>
    internal bool Store(int index, int positions, double sum, double squares, float max)
    {
        _values[(int)PooledFeature.Mean][index] = sum / positions;
        _values[(int)PooledFeature.Norm][index] = Math.Sqrt(squares);
        _values[(int)PooledFeature.Max][index] = max;
        return double.IsFinite(squares);
    }

    internal void Require(in ActivationShape shape)
    {
        if (shape.Images != Images || shape.Channels != Channels)
            throw new OnnxKernelException(
                $"Pooled features are [{Images}, {Channels}] but the activations are {shape}; allocate them for this batch.");
    }
}
