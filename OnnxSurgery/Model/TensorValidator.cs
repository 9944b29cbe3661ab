using System.Numerics;
using System.Runtime.InteropServices;
using OnnxEdit.Surgery.Proto;
using DataLocation = OnnxEdit.Surgery.Proto.TensorProto.Types.DataLocation;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Model;

/// <summary>Checks stored tensors: as much data as the shape says, and finite numbers. Allocates nothing of the shape's size.</summary>
static class TensorValidator
{
    /// <summary>Checks one tensor.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="name">What to call it in a message.</param>
    /// <param name="isWeight">
    /// Weights must not hold infinities. Other constants may: attention masks and the bounds of Clip do.
    /// </param>
    internal static void Check(TensorProto tensor, string name, bool isWeight)
    {
        if (tensor.DataType == (int)DataType.Undefined)
            throw new OnnxSurgeryException($"Tensor '{name}' has no element type; the file is damaged, export it again.");
        if (tensor.DataLocation == DataLocation.External)
            throw new OnnxSurgeryException(
                $"Tensor '{name}' still refers to an external file; read the model with OnnxModel.Load, which brings it into memory.");
        var stored = StoredBytes(tensor);
        if (ByteCount(tensor, name) is { } needed && stored != needed)
            throw new OnnxSurgeryException(
                FormattableString.Invariant($"Tensor '{name}' holds {stored:N0} bytes but its shape [{string.Join(',', tensor.Dims)}] of {(DataType)tensor.DataType} needs {needed:N0}; the file is damaged, export it again."));
        var (nan, infinite) = NonFinite(tensor);
        if (nan > 0)
            throw new OnnxSurgeryException(
                FormattableString.Invariant($"Tensor '{name}' holds {nan:N0} NaN values of {TensorData.ElementCount(tensor):N0}; the training diverged or the file is damaged, export healthy weights."));
        if (infinite > 0 && isWeight)
            throw new OnnxSurgeryException(
                FormattableString.Invariant($"Tensor '{name}' holds {infinite:N0} infinite values of {TensorData.ElementCount(tensor):N0}; the training diverged or a conversion overflowed, export healthy weights."));
    }

    /// <summary>Bytes that the shape asks for (entries for strings); null for element types this library does not know.</summary>
    /// <exception cref="OnnxSurgeryException">A negative dim, or a size beyond any file.</exception>
    internal static long? ByteCount(TensorProto tensor, string name)
    {
        Int128 count = 1;
        foreach (var d in tensor.Dims)
        {
            // The bound keeps the product of the next dimension exact.
            if (d < 0 || count > long.MaxValue) throw Impossible(tensor, name);
            count *= d;
        }
        var type = (DataType)tensor.DataType;
        if (!Enum.IsDefined(type) || type == DataType.Undefined) return null;
        var bytes = type switch
        {
            DataType.String => count,
            DataType.Int4 or DataType.Uint4 or DataType.Float4E2M1 => (count + 1) / 2,
            _ => count * TensorData.ElementSize(tensor),
        };
        return bytes <= long.MaxValue ? (long)bytes : throw Impossible(tensor, name);
    }

    static long StoredBytes(TensorProto tensor)
    {
        var type = (DataType)tensor.DataType;
        if (type == DataType.String) return tensor.StringData.Count;
        if (tensor.RawData.Length > 0) return tensor.RawData.Length;
        if (tensor.FloatData.Count > 0) return 4L * tensor.FloatData.Count;
        if (tensor.DoubleData.Count > 0) return 8L * tensor.DoubleData.Count;
        if (tensor.Int64Data.Count > 0) return 8L * tensor.Int64Data.Count;
        if (tensor.Uint64Data.Count > 0) return (type == DataType.Uint32 ? 4L : 8L) * tensor.Uint64Data.Count;
        // One int32 holds one element, or two of four bits.
        return type switch
        {
            DataType.Float or DataType.Uint32 => 4L * tensor.Int32Data.Count,
            DataType.Int4 or DataType.Uint4 or DataType.Float4E2M1 => tensor.Int32Data.Count,
            _ when Enum.IsDefined(type) && type != DataType.Undefined => (long)TensorData.ElementSize(tensor) * tensor.Int32Data.Count,
            _ => 0,
        };
    }

    static (long Nan, long Infinite) NonFinite(TensorProto tensor)
    {
        if (!TensorData.IsFloat(tensor)) return default;
        var bytes = tensor.RawData.Length > 0 ? tensor.RawData.Span : TensorData.Bytes(tensor);
        return (DataType)tensor.DataType switch
        {
            DataType.Float => Count<uint>(bytes, 0x7F80_0000),
            DataType.Double => Count<ulong>(bytes, 0x7FF0_0000_0000_0000),
            DataType.Float16 => Count<ushort>(bytes, 0x7C00),
            _ => Count<ushort>(bytes, 0x7F80),
        };
    }

    // IEEE 754: all exponent bits set is infinity when the mantissa is zero, NaN otherwise. Shifting the sign out
    // on the left turns both tests into comparisons.
    static (long Nan, long Infinite) Count<T>(ReadOnlySpan<byte> bytes, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        long nan = 0, infinite = 0;
        var doubled = exponent << 1;
        foreach (var bits in MemoryMarshal.Cast<byte, T>(bytes))
        {
            var magnitude = bits << 1;
            if (magnitude < doubled) continue;
            if (magnitude == doubled) infinite++;
            else nan++;
        }
        return (nan, infinite);
    }

    static OnnxSurgeryException Impossible(TensorProto tensor, string name) => new(
        $"Tensor '{name}' has the impossible shape [{string.Join(',', tensor.Dims)}]; the file is damaged, export it again.");
}
