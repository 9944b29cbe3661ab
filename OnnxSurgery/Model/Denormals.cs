using System.Runtime.InteropServices;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// Weights below the smallest normal number of their type (1.2e-38 of float32). They change no result, and processors take many
/// times as long over a product with one of them. Those of float16 are none: they are normal once they are computed with.
/// </summary>
static class Denormals
{
    /// <summary>How many there are in a model.</summary>
    /// <param name="model">The model.</param>
    public static long Count(ModelProto model) => TensorWalk.All(model).Sum(t => Count(t.Tensor));

    /// <summary>Sets those of a model to 0.</summary>
    /// <param name="model">The model, changed in place.</param>
    /// <returns>How many there were.</returns>
    public static long Flush(ModelProto model)
    {
        var flushed = 0L;
        foreach (var (tensor, _) in TensorWalk.All(model))
        {
            var count = Count(tensor);
            if (count == 0) continue;
            flushed += count;
            var bytes = TensorData.View(tensor).ToArray();
            if (tensor.DataType == (int)DataType.Float) Clear(MemoryMarshal.Cast<byte, float>(bytes.AsSpan()));
            else Clear(MemoryMarshal.Cast<byte, double>(bytes.AsSpan()));
            TensorData.SetRaw(tensor, bytes);
        }
        return flushed;
    }

    static long Count(TensorProto tensor) => (DataType)tensor.DataType switch
    {
        DataType.Float => In(MemoryMarshal.Cast<byte, float>(TensorData.View(tensor))),
        DataType.Double => In(MemoryMarshal.Cast<byte, double>(TensorData.View(tensor))),
        _ => 0,
    };

    /// <summary>Says how many there are and what they do.</summary>
    /// <param name="count">More than 0.</param>
    internal static string Said(long count) => FormattableString.Invariant($"{count:N0} weights are too small for normal numbers (denormal, below 1.2e-38 in float32), which slows processors down and changes no result");

    static long In(ReadOnlySpan<float> values)
    {
        var count = 0L;
        foreach (var v in values)
            if (float.IsSubnormal(v)) count++;
        return count;
    }

    static long In(ReadOnlySpan<double> values)
    {
        var count = 0L;
        foreach (var v in values)
            if (double.IsSubnormal(v)) count++;
        return count;
    }

    static void Clear(Span<float> values)
    {
        foreach (ref var v in values)
            if (float.IsSubnormal(v)) v = 0;
    }

    static void Clear(Span<double> values)
    {
        foreach (ref var v in values)
            if (double.IsSubnormal(v)) v = 0;
    }
}
