using System.Runtime.InteropServices;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Scores;

/// <summary>The weights that make channels, read where they are stored: behind nodes that hand them on, or quantised.</summary>
static class StoredWeights
{
    /// <summary>Sum over the stored weights of each output of a producer, sum_k f(scale_o w_ok); empty where none are found.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="producer">A node that makes channels.</param>
    /// <param name="f">What is summed.</param>
    public static double[] FilterSums(ChannelAnalysis analysis, ProducerSlice producer, Func<double, double> f)
    {
        var index = analysis.Model.Index;
        var stored = producer.Node.Input.SelectMany(i => Sources(i, index)).Distinct().ToArray();
        var slices = analysis.Parameters.Where(p => stored.Contains(p.Tensor) && Repeats(p.Ids, producer.Ids)).ToArray();
        if (slices.FirstOrDefault(p => index.Initializer(p.Tensor) is { Dims.Count: > 1 } t && Values(t) is not null) is not { } slice) return [];
        var tensor = index.Initializer(slice.Tensor)!;
        var values = Values(tensor)!;
        var scales = slices.Select(p => index.Initializer(p.Tensor)!)
            .FirstOrDefault(t => t.Dims.Count == 1 && TensorData.IsFloat(t) && index.Consumers(t.Name).Any(n => IsScale(n, t.Name)));
        var scale = scales is null ? null : TensorData.Floats(scales);
        var inner = tensor.Dims.Skip(slice.Axis + 1).Aggregate(1L, (a, b) => a * b);
        var sums = new double[producer.Ids.Length];
        for (long i = 0; i < values.Length; i++)
        {
            var o = i / inner % slice.Ids.Length % sums.Length;
            sums[o] += f(values[i] * (scale?[o] ?? 1));
        }
        return sums;
    }

    // The gates of a recurrent layer lie one after the other.
    static bool Repeats(int[] ids, int[] made) =>
        made.Length > 0 && ids.Length % made.Length == 0 && ids.Chunk(made.Length).All(part => part.AsSpan().SequenceEqual(made));

    static bool IsScale(NodeProto node, string tensor) => node.OpType switch
    {
        "DequantizeLinear" => node.Input[1] == tensor,
        "QLinearConv" or "QLinearMatMul" => node.Input[4] == tensor,
        _ => false,
    };

    // The initializers that an input is made of.
    static IEnumerable<string> Sources(string tensor, GraphIndex index) =>
        index.Initializer(tensor) is not null ? [tensor]
        : index.Producer(tensor) is { } node && node.Input.All(i => i.Length == 0 || index.Initializer(i) is not null || index.Producer(i) is not null)
            && node.OpType is "DequantizeLinear" or "Transpose" or "Reshape" or "Cast" or "Identity" or "Squeeze" or "Unsqueeze" or "Flatten"
            ? node.Input.Where(i => i.Length > 0).SelectMany(i => Sources(i, index)) : [];

    static float[]? Values(TensorProto tensor) => (DataType)tensor.DataType switch
    {
        DataType.Int8 => Array.ConvertAll(TensorData.Bytes(tensor), b => (float)(sbyte)b),
        // Unsigned weights lie around the middle of their range.
        DataType.Uint8 => Array.ConvertAll(TensorData.Bytes(tensor), b => b - 128f),
        DataType.Int16 => Array.ConvertAll(MemoryMarshal.Cast<byte, short>(TensorData.Bytes(tensor)).ToArray(), v => (float)v),
        _ => TensorData.IsFloat(tensor) ? TensorData.Floats(tensor) : null,
    };
}
