using System.Buffers.Binary;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Runtime;

namespace OnnxEdit.Engine.Deployment;

/// <summary>How far two tensors are apart.</summary>
static class TensorDifference
{
    /// <summary>Largest |a - b| / max(1, largest |a|) of floats; for other types 0 when equal, else infinity. Shapes and types must agree, or it is infinity.</summary>
    public static double Largest(TensorValue a, TensorValue b)
    {
        if (a.Type != b.Type || !a.Shape.AsSpan().SequenceEqual(b.Shape) || a.Bytes.Length != b.Bytes.Length) return double.PositiveInfinity;
        if (a.Bytes.Span.SequenceEqual(b.Bytes.Span)) return 0;
        if (!a.Type.IsFloat) return double.PositiveInfinity;
        double[] Numbers(TensorValue tensor) => [.. Enumerable.Range(0, tensor.Bytes.Length / tensor.Type.Size).Select(i => Number(tensor, i * tensor.Type.Size))];
        return LargestDifference.Of<double>(Numbers(a), Numbers(b)).Relative;
    }

    static double Number(TensorValue tensor, int at)
    {
        var bytes = tensor.Bytes.Span[at..];
        return tensor.Type.Element switch
        {
            TensorElementType.Double => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            TensorElementType.Float16 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            TensorElementType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
            _ => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        };
    }
}
