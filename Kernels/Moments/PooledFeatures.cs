using System.Numerics.Tensors;

namespace OnnxEdit.Kernels.Moments;

/// <summary>The three pooled features of a batch, each a row-major array [images, channels].</summary>
sealed class PooledFeatures
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

    /// <summary>Raw sums, which <see cref="Finish"/> turns into means in place.</summary>
    internal double[] Sums => _values[(int)PooledFeature.Mean];

    /// <summary>Raw sums of squares, which <see cref="Finish"/> turns into norms in place.</summary>
    internal double[] Squares => _values[(int)PooledFeature.Norm];

    /// <summary>Maxima.</summary>
    internal double[] Maxima => _values[(int)PooledFeature.Max];

    /// <summary>
    /// Turns the raw sums of the rows [from, to) into features. A sum of squares in double cannot overflow for
    /// float input, so it is finite exactly if every activation was.
    /// </summary>
    /// <returns>The first row with an activation that is not finite, or -1.</returns>
    internal int Finish(int from, int to, int positions)
    {
        Span<double> sums = Sums.AsSpan(from, to - from), squares = Squares.AsSpan(from, to - from);
        var finite = NonFinite.AllFinite(squares);
        if (positions > 1)
            TensorPrimitives.Divide(sums, positions, sums);
        TensorPrimitives.Sqrt(squares, squares);
        if (finite)
            return -1;
        var row = 0;
        while (double.IsFinite(squares[row]))
            row++;
        return from + row;
    }

    internal void Require(in ActivationShape shape)
    {
        if (shape.Images != Images || shape.Channels != Channels)
            throw new OnnxKernelException(
                $"Pooled features are [{Images}, {Channels}] but the activations are {shape}; allocate them for this batch.");
    }
}
