using ILGPU;

namespace OnnxEdit.Kernels.Moments;

/// <summary>
/// The accelerator's side of <see cref="IlgpuBackend"/>: plain static functions that ILGPU compiles. A row is
/// one channel of one image; `lanes` threads share a row and leave partial sums that a second kernel adds up,
/// so that neighbouring threads read neighbouring floats and no shared memory is needed.
/// </summary>
public static class IlgpuKernels
{
    /// <summary>Partial sums for [rows, positions]; thread index = row * lanes + lane.</summary>
    public static void PoolChannelsFirst(
        Index1D index, ArrayView<float> activations, ArrayView<double> sums, ArrayView<double> squares,
        ArrayView<float> maxima, int positions, int lanes)
    {
        long row = index / lanes;
        var start = row * positions;
        Accumulate(index, activations, sums, squares, maxima, start + index % lanes, start + positions, lanes);
    }

    /// <summary>Partial sums for [images, positions, channels]; thread index = lane * images * channels + row.</summary>
    public static void PoolChannelsLast(
        Index1D index, ArrayView<float> activations, ArrayView<double> sums, ArrayView<double> squares,
        ArrayView<float> maxima, int positions, int lanes, int rows, int channels)
    {
        int lane = index / rows, row = index % rows;
        long image = row / channels;
        var start = image * positions * channels + row % channels;
        Accumulate(
            index, activations, sums, squares, maxima,
            start + (long)lane * channels, start + (long)positions * channels, (long)lanes * channels);
    }

    /// <summary>Adds up the partial sums of every row: element = row * rowStride + lane * laneStride.</summary>
    public static void Reduce(
        Index1D row, ArrayView<double> sums, ArrayView<double> squares, ArrayView<float> maxima,
        ArrayView<double> rowSums, ArrayView<double> rowSquares, ArrayView<float> rowMaxima,
        int lanes, int rowStride, int laneStride)
    {
        double sum = 0, square = 0;
        var max = float.NegativeInfinity;
        for (var lane = 0; lane < lanes; lane++)
        {
            var element = (long)(int)row * rowStride + (long)lane * laneStride;
            sum += sums[element];
            square += squares[element];
            if (maxima[element] > max)
                max = maxima[element];
        }
        rowSums[row] = sum;
        rowSquares[row] = square;
        rowMaxima[row] = max;
    }

    /// <summary>Histogram bin of every feature of [images, channels]: 0 below the range, bins + 1 above it.</summary>
    public static void BinIndices(
        Index1D index, ArrayView<double> features, ArrayView<double> low, ArrayView<double> binsPerUnit,
        ArrayView<int> indices, int channels, int bins)
    {
        var channel = index % channels;
        var position = (features[index] - low[channel]) * binsPerUnit[channel];
        if (position < 0)
            indices[index] = 0;
        else if (position >= bins)
            indices[index] = bins + 1;
        else
            indices[index] = 1 + (int)position;
    }

    static void Accumulate(
        Index1D index, ArrayView<float> activations, ArrayView<double> sums, ArrayView<double> squares,
        ArrayView<float> maxima, long from, long to, long step)
    {
        double sum = 0, square = 0;
        var max = float.NegativeInfinity;
        for (var i = from; i < to; i += step)
        {
            var value = activations[i];
            double wide = value;
            sum += wide;
            square += wide * wide;
            if (value > max)
                max = value;
        }
        sums[index] = sum;
        squares[index] = square;
        maxima[index] = max;
    }
}
