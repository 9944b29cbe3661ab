using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;

namespace OnnxEdit.Kernels.Moments;

/// <summary>
/// Pooling and binning with <see cref="Vector{T}"/> on the CPU, spread over threads by (image, channel) rows.
/// Every row is summed by one thread in one order, so results do not depend on the number of threads.
/// </summary>
sealed class SimdBackend : IStatisticsBackend
{
    // Below this many floats per thread, starting the threads costs more than the work.
    const int FloatsPerThread = 1 << 15;

    /// <summary>Opens the back end.</summary>
    /// <param name="threads">Threads to use; 0 means one per processor.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is negative.</exception>
    public SimdBackend(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Threads = threads == 0 ? Environment.ProcessorCount : threads;
    }

    /// <inheritdoc/>
    public int Threads { get; }

    /// <inheritdoc/>
    public unsafe void Pool(ReadOnlySpan<float> activations, ActivationShape shape, PooledFeatures into)
    {
        ArgumentNullException.ThrowIfNull(into);
        shape.Require(activations.Length);
        into.Require(shape);
        fixed (float* first = activations)
        {
            // A lambda cannot capture a span or a pointer; the buffer stays pinned until all threads are done.
            var address = (nint)first;
            if (shape.Layout == ActivationLayout.ChannelsFirst || shape.Positions == 1)
                Spread(shape.Images * shape.Channels, shape.Length, (from, to) => PoolRows((float*)address, shape, into, from, to));
            else
                Spread(shape.Images, shape.Length, (from, to) => PoolImages((float*)address, shape, into, from, to));
        }
    }

    /// <inheritdoc/>
    public void BinIndices(ReadOnlySpan<double> features, FeatureScale scale, int bins, Span<int> indices)
    {
        ArgumentNullException.ThrowIfNull(scale);
        var channels = scale.Channels;
        scale.RequireRows(features.Length);
        if (indices.Length != features.Length)
            throw new OnnxKernelException($"{features.Length} features need as many bin indices, not {indices.Length}.");
        var perUnit = scale.BinsPerUnit(bins);
        ReadOnlySpan<double> low = scale.Low;
        for (var row = 0; row < features.Length; row += channels)
            BinRow(features.Slice(row, channels), low, perUnit, bins, indices.Slice(row, channels));
    }

    /// <summary>Nothing to release.</summary>
    public void Dispose()
    {
    }

    static void BinRow(ReadOnlySpan<double> values, ReadOnlySpan<double> low, ReadOnlySpan<double> perUnit, int bins, Span<int> indices)
    {
        var width = Vector<double>.Count;
        var c = 0;
        Vector<double> below = new(-1.0), above = new(bins);
        for (; c <= values.Length - 2 * width; c += 2 * width)
        {
            var first = Bins(c, values, low, perUnit, below, above);
            var second = Bins(c + width, values, low, perUnit, below, above);
            Vector.Narrow(first, second).CopyTo(indices[c..]);
        }
        for (; c < values.Length; c++)
        {
            var position = (values[c] - low[c]) * perUnit[c];
            indices[c] = position < 0 ? 0 : position >= bins ? bins + 1 : 1 + (int)position;
        }
    }

    static Vector<long> Bins(
        int c, ReadOnlySpan<double> values, ReadOnlySpan<double> low, ReadOnlySpan<double> perUnit,
        Vector<double> below, Vector<double> above)
    {
        var position = (new Vector<double>(values[c..]) - new Vector<double>(low[c..])) * new Vector<double>(perUnit[c..]);
        var clamped = Vector.Min(Vector.Max(position, below), above);
        return Vector.ConvertToInt64(Vector.Floor(clamped)) + Vector<long>.One;
    }

    static unsafe void PoolRows(float* first, ActivationShape shape, PooledFeatures into, int from, int to)
    {
        var positions = shape.Positions;
        Span<double> sums = into.Sums, squares = into.Squares, maxima = into.Maxima;
        if (positions == 1)
        {
            // Vector outputs: nothing to add up.
            var values = maxima[from..to];
            TensorPrimitives.ConvertTruncating(new ReadOnlySpan<float>(first + from, to - from), values);
            values.CopyTo(sums[from..]);
            TensorPrimitives.Multiply(values, values, squares[from..to]);
        }
        for (var row = from; row < to && positions > 1; row++)
            RowPooling.Contiguous(first + (long)row * positions, positions, out sums[row], out squares[row], out maxima[row]);
        if (into.Finish(from, to, positions) is >= 0 and var bad)
            NonFinite.Throw(new ReadOnlySpan<float>(first + (long)bad * positions, positions),
                bad / shape.Channels, bad % shape.Channels, 1, 0);
    }

    static unsafe void PoolImages(float* first, ActivationShape shape, PooledFeatures into, int from, int to)
    {
        var channels = shape.Channels;
        var scratch = ArrayPool<float>.Shared.Rent(channels);
        var maxima = scratch.AsSpan(0, channels);
        for (var image = from; image < to; image++)
        {
            var start = first + (long)image * channels * shape.Positions;
            int row = image * channels, end = row + channels;
            RowPooling.Interleaved(
                start, shape.Positions, channels, into.Sums.AsSpan(row, channels), into.Squares.AsSpan(row, channels), maxima);
            TensorPrimitives.ConvertTruncating<float, double>(maxima, into.Maxima.AsSpan(row, channels));
            if (into.Finish(row, end, shape.Positions) is >= 0 and var bad)
                NonFinite.Throw(new ReadOnlySpan<float>(start, channels * shape.Positions), image, bad - row, channels, bad - row);
        }
        ArrayPool<float>.Shared.Return(scratch);
    }

    void Spread(int items, long floats, Action<int, int> work)
    {
        var pieces = (int)Math.Min(Math.Min(items, Threads), Math.Max(1, floats / FloatsPerThread));
        if (pieces <= 1)
        {
            work(0, items);
            return;
        }
        // Several pieces per thread even out threads that are interrupted by other work.
        pieces = (int)Math.Min(items, Math.Min(8L * pieces, Math.Max(pieces, floats / FloatsPerThread)));
        try
        {
            Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = Threads },
                p => work((int)((long)items * p / pieces), (int)((long)items * (p + 1) / pieces)));
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<OnnxKernelException>().FirstOrDefault() is { } first)
        {
            throw new OnnxKernelException(first.Message, e);
        }
    }
}
