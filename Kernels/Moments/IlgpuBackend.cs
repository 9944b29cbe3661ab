using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace OnnxEdit.Kernels.Moments;

/// <summary>
/// Pooling and binning by ILGPU: on CUDA for speed, on ILGPU's CPU accelerator for tests. One instance serves
/// one thread at a time; device buffers grow to the largest batch seen and are kept.
/// </summary>
sealed class IlgpuBackend : IStatisticsBackend
{
    readonly Context _context;
    readonly Accelerator _accelerator;
    readonly Action<Index1D, ArrayView<float>, ArrayView<double>, ArrayView<double>, ArrayView<float>, int, int> _channelsFirst;
    readonly Action<Index1D, ArrayView<float>, ArrayView<double>, ArrayView<double>, ArrayView<float>, int, int, int, int> _channelsLast;
    readonly Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<float>, ArrayView<double>, ArrayView<double>, ArrayView<float>, int, int, int> _reduce;
    readonly Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<int>, int, int> _bin;
    readonly DeviceBuffer<float> _activations, _maxima, _rowMaxima;
    readonly DeviceBuffer<double> _sums, _squares, _rowSums, _rowSquares, _features, _low, _perUnit;
    readonly DeviceBuffer<int> _indices;

    IlgpuBackend(Context context, Accelerator accelerator)
    {
        (_context, _accelerator) = (context, accelerator);
        _channelsFirst = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<double>, ArrayView<double>, ArrayView<float>, int, int>(
            IlgpuKernels.PoolChannelsFirst);
        _channelsLast = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<double>, ArrayView<double>, ArrayView<float>, int, int, int, int>(
            IlgpuKernels.PoolChannelsLast);
        _reduce = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<float>, ArrayView<double>, ArrayView<double>, ArrayView<float>, int, int, int>(
            IlgpuKernels.Reduce);
        _bin = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<int>, int, int>(
            IlgpuKernels.BinIndices);
        _activations = new(accelerator);
        (_maxima, _rowMaxima) = (new(accelerator), new(accelerator));
        (_sums, _squares, _rowSums, _rowSquares) = (new(accelerator), new(accelerator), new(accelerator), new(accelerator));
        (_features, _low, _perUnit) = (new(accelerator), new(accelerator), new(accelerator));
        _indices = new(accelerator);
    }

    /// <summary>The device's name.</summary>
    public string DeviceName => _accelerator.Name;

    /// <summary>1: one instance serves one thread at a time.</summary>
    public int Threads => 1;

    /// <summary>ILGPU's CPU accelerator: slow, exact, needs no hardware.</summary>
    public static IlgpuBackend OnCpu()
    {
        var context = Context.Create(builder => builder.CPU());
        return new IlgpuBackend(context, context.CreateCPUAccelerator(0));
    }

    /// <summary>The first CUDA device.</summary>
    /// <exception cref="OnnxKernelException">There is no CUDA device or driver.</exception>
    public static IlgpuBackend OnCuda()
    {
        var context = Context.Create(builder => builder.Cuda());
        if (context.GetCudaDevices().Count == 0)
        {
            context.Dispose();
            throw new OnnxKernelException("No CUDA device was found on this machine; use the CPU, or check the driver with nvidia-smi.");
        }
        return new IlgpuBackend(context, context.CreateCudaAccelerator(0));
    }

    /// <inheritdoc/>
    public void Pool(ReadOnlySpan<float> activations, ActivationShape shape, PooledFeatures into)
    {
        ArgumentNullException.ThrowIfNull(into);
        shape.Require(activations.Length);
        into.Require(shape);
        int rows = shape.Images * shape.Channels, lanes = LanesFor(shape.Positions);
        var input = _activations.Upload(activations);
        ArrayView<double> sums = _sums.Room(rows * lanes), squares = _squares.Room(rows * lanes);
        var maxima = _maxima.Room(rows * lanes);
        var channelsFirst = shape.Layout == ActivationLayout.ChannelsFirst;
        if (channelsFirst)
            _channelsFirst(rows * lanes, input, sums, squares, maxima, shape.Positions, lanes);
        else
            _channelsLast(rows * lanes, input, sums, squares, maxima, shape.Positions, lanes, rows, shape.Channels);
        ArrayView<double> rowSums = _rowSums.Room(rows), rowSquares = _rowSquares.Room(rows);
        var rowMaxima = _rowMaxima.Room(rows);
        _reduce(rows, sums, squares, maxima, rowSums, rowSquares, rowMaxima,
            lanes, channelsFirst ? lanes : 1, channelsFirst ? 1 : rows);

        var hostMaxima = new float[rows];
        _rowSums.Download(into.Sums);
        _rowSquares.Download(into.Squares);
        _rowMaxima.Download(hostMaxima);
        for (var row = 0; row < rows; row++)
            into.Maxima[row] = hostMaxima[row];
        if (into.Finish(0, rows, shape.Positions) is >= 0 and var bad)
            Report(activations, shape, bad);
    }

    /// <inheritdoc/>
    public void BinIndices(ReadOnlySpan<double> features, FeatureScale scale, int bins, Span<int> indices)
    {
        ArgumentNullException.ThrowIfNull(scale);
        scale.RequireRows(features.Length);
        if (indices.Length != features.Length)
            throw new OnnxKernelException($"{features.Length} features need as many bin indices, not {indices.Length}.");
        if (features.IsEmpty)
            return;
        _bin(features.Length, _features.Upload(features), _low.Upload(scale.Low), _perUnit.Upload(scale.BinsPerUnit(bins)),
            _indices.Room(features.Length), scale.Channels, bins);
        _indices.Download(indices);
    }

    /// <summary>Releases the device and its memory.</summary>
    public void Dispose()
    {
        IDisposable[] owned =
        [
            _activations, _maxima, _rowMaxima, _sums, _squares, _rowSums, _rowSquares,
            _features, _low, _perUnit, _indices, _accelerator, _context,
        ];
        foreach (var item in owned)
            item.Dispose();
    }

    // Partial sums cost 20 bytes a lane; sixteen floats a lane keep them well below the input's size.
    static int LanesFor(int positions)
    {
        var lanes = 1;
        while (lanes < 32 && lanes * 32 <= positions)
            lanes *= 2;
        return lanes;
    }

    static void Report(ReadOnlySpan<float> activations, ActivationShape shape, int row)
    {
        int image = row / shape.Channels, channel = row % shape.Channels;
        var perImage = shape.Channels * shape.Positions;
        var one = activations.Slice(image * perImage, perImage);
        if (shape.Layout == ActivationLayout.ChannelsFirst)
            NonFinite.Throw(one, image, channel, 1, channel * shape.Positions);
        else
            NonFinite.Throw(one, image, channel, shape.Channels, channel);
    }

    /// <summary>Device memory of one element type that grows when a larger batch comes.</summary>
    sealed class DeviceBuffer<T>(Accelerator accelerator) : IDisposable
        where T : unmanaged
    {
        MemoryBuffer1D<T, Stride1D.Dense>? _buffer;

        internal ArrayView<T> Room(int length)
        {
            if (_buffer is null || _buffer.Length < length)
            {
                _buffer?.Dispose();
                _buffer = accelerator.Allocate1D<T>(length);
            }
            return _buffer.View.SubView(0, length);
        }

        internal ArrayView<T> Upload(ReadOnlySpan<T> values)
        {
            var view = Room(values.Length);
            view.CopyFromCPU(ref MemoryMarshal.GetReference(values), values.Length);
            return view;
        }

        internal void Download(Span<T> values)
        {
            accelerator.Synchronize();
            Room(values.Length).CopyToCPU(ref MemoryMarshal.GetReference(values), values.Length);
        }

        public void Dispose() => _buffer?.Dispose();
    }
}
