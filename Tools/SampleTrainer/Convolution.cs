using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.SampleTrainer;

/// <summary>A square convolution without bias, padded so that stride 1 keeps the size; by patches and matrix products.</summary>
sealed unsafe class Convolution
{
    /// <summary>Output pixels handled at once, so that their patches stay in cache.</summary>
    const int TilePixels = 256;

    readonly int _from, _to, _kernel, _stride, _patch;
    Activations _input = null!;

    public Convolution(string name, int from, int to, int kernel, int stride, Philox4x32 random)
    {
        (Name, _from, _to, _kernel, _stride, _patch) = (name, from, to, kernel, stride, from * kernel * kernel);
        Weight = new Parameter(name + ".weight", [to, from, kernel, kernel], decays: true);
        // He et al. 2015: variance 2 / fan-out keeps gradients level through ReLUs.
        var deviation = Math.Sqrt(2.0 / (to * kernel * kernel));
        foreach (ref var value in Weight.Values.AsSpan())
            value = (float)(deviation * random.NextGaussian());
    }

    public string Name { get; }

    public Parameter Weight { get; }

    public int Kernel => _kernel;

    public int Stride => _stride;

    public Activations Forward(Activations input)
    {
        _input = input;
        var output = new Activations(input.Count, _to, input.Side / _stride);
        var tile = Math.Min(TilePixels, output.Plane);
        Shards.Run(input.Count, (_, from, to) =>
        {
            var patches = new float[_patch * tile];
            fixed (float* weight = Weight.Values, columns = patches, values = output.Values)
            {
                for (var item = from; item < to; item++)
                {
                    for (var start = 0; start < output.Plane; start += tile)
                    {
                        Gather(input.Item(item), input.Side, output.Side, start, tile, patches);
                        Gemm.Multiply(weight, columns, values + (item * _to * output.Plane) + start, _to, _patch, tile, output.Plane);
                    }
                }
            }
        });
        return output;
    }

    /// <summary>Adds to the weight's gradient and returns the gradient of the input (null when not wanted).</summary>
    public Activations? Backward(Activations gradient, bool needsInput = true)
    {
        var result = needsInput ? new Activations(_input.Count, _from, _input.Side) : null;
        var turned = Transposed();
        var sums = new float[Shards.Count][];
        var tile = Math.Min(TilePixels, gradient.Plane);
        Shards.Run(_input.Count, (shard, from, to) =>
        {
            var sum = sums[shard] = new float[Weight.Values.Length];
            var (patches, packed) = (new float[_patch * tile], new float[_to * tile]);
            fixed (float* weight = turned, columns = patches, own = packed, total = sum)
            {
                for (var item = from; item < to; item++)
                {
                    for (var start = 0; start < gradient.Plane; start += tile)
                    {
                        for (var channel = 0; channel < _to; channel++)
                            gradient.Map(item, channel).Slice(start, tile).CopyTo(packed.AsSpan(channel * tile));
                        Gather(_input.Item(item), _input.Side, gradient.Side, start, tile, patches);
                        Gemm.AddRowProducts(own, columns, total, _to, tile, _patch, tile);
                        if (result is null)
                            continue;
                        Gemm.Multiply(weight, own, columns, _patch, _to, tile, tile);
                        Scatter(patches, result.Item(item), _input.Side, gradient.Side, start, tile);
                    }
                }
            }
        });
        foreach (var sum in sums)
        {
            for (var i = 0; i < sum.Length; i++)
                Weight.Gradient[i] += sum[i];
        }

        return result;
    }

    float[] Transposed()
    {
        var turned = new float[Weight.Values.Length];
        for (var to = 0; to < _to; to++)
        {
            for (var i = 0; i < _patch; i++)
                turned[(i * _to) + to] = Weight.Values[(to * _patch) + i];
        }

        return turned;
    }

    /// <summary>Patch values [from * kernel * kernel, tile] of the output pixels from <paramref name="start"/> on; tiles are whole rows.</summary>
    void Gather(ReadOnlySpan<float> item, int side, int outSide, int start, int tile, float[] patches)
    {
        var pad = _kernel / 2;
        for (var row = 0; row < _patch; row++)
        {
            var map = item.Slice(row / (_kernel * _kernel) * side * side, side * side);
            var (dy, dx) = ((row / _kernel % _kernel) - pad, (row % _kernel) - pad);
            var line = patches.AsSpan(row * tile, tile);
            for (var y = 0; y < tile / outSide; y++)
            {
                var to = line.Slice(y * outSide, outSide);
                var fromY = (((start / outSide) + y) * _stride) + dy;
                if (fromY < 0 || fromY >= side)
                {
                    to.Clear();
                    continue;
                }

                var from = map.Slice(fromY * side, side);
                if (_stride == 1)
                {
                    var (first, end) = (Math.Max(0, -dx), Math.Min(side, side - dx));
                    to[..first].Clear();
                    to[end..].Clear();
                    from.Slice(first + dx, end - first).CopyTo(to[first..]);
                    continue;
                }

                for (var x = 0; x < outSide; x++)
                {
                    var fromX = (x * _stride) + dx;
                    to[x] = fromX < 0 || fromX >= side ? 0 : from[fromX];
                }
            }
        }
    }

    /// <summary>The reverse of <see cref="Gather"/>: adds patch values to the pixels they came from.</summary>
    void Scatter(float[] patches, Span<float> item, int side, int outSide, int start, int tile)
    {
        var pad = _kernel / 2;
        for (var row = 0; row < _patch; row++)
        {
            var map = item.Slice(row / (_kernel * _kernel) * side * side, side * side);
            var (dy, dx) = ((row / _kernel % _kernel) - pad, (row % _kernel) - pad);
            for (var y = 0; y < tile / outSide; y++)
            {
                var toY = (((start / outSide) + y) * _stride) + dy;
                if (toY < 0 || toY >= side)
                    continue;
                var from = patches.AsSpan((row * tile) + (y * outSide), outSide);
                var to = map.Slice(toY * side, side);
                var (first, end) = (dx < 0 ? (-dx + _stride - 1) / _stride : 0, Math.Min(outSide, (side - dx + _stride - 1) / _stride));
                for (var x = first; x < end; x++)
                    to[(x * _stride) + dx] += from[x];
            }
        }
    }
}
