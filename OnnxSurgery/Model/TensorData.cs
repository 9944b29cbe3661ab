using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Model;

/// <summary>Values of <see cref="TensorProto"/>: reading, writing and slicing, whatever field they are stored in.</summary>
static class TensorData
{
    /// <summary>Number of elements: the product of the dims (1 for a scalar).</summary>
    /// <exception cref="OnnxSurgeryException">A negative dim, or a product beyond 2^63.</exception>
    public static long ElementCount(TensorProto tensor)
    {
        long count = 1;
        var empty = tensor.Dims.Contains(0);
        foreach (var d in tensor.Dims)
        {
            if (d < 0 || (!empty && d > 0 && count > long.MaxValue / d))
                throw new OnnxSurgeryException(
                    $"Tensor '{tensor.Name}' has the impossible shape [{string.Join(',', tensor.Dims)}]; the file is damaged, export it again.");
            if (!empty) count *= d;
        }
        return empty ? 0 : count;
    }

    /// <summary>True for float32, float16, bfloat16 and float64.</summary>
    public static bool IsFloat(TensorProto tensor) => (DataType)tensor.DataType
        is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double;

    /// <summary>Bytes of one element.</summary>
    /// <exception cref="OnnxSurgeryException">The type has no whole-byte elements (strings, 4-bit types).</exception>
    public static int ElementSize(TensorProto tensor) => (DataType)tensor.DataType switch
    {
        DataType.Uint8 or DataType.Int8 or DataType.Bool or DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz
            or DataType.Float8E5M2 or DataType.Float8E5M2Fnuz => 1,
        DataType.Float16 or DataType.Bfloat16 or DataType.Int16 or DataType.Uint16 => 2,
        DataType.Float or DataType.Int32 or DataType.Uint32 => 4,
        DataType.Double or DataType.Int64 or DataType.Uint64 or DataType.Complex64 => 8,
        DataType.Complex128 => 16,
        _ => throw new OnnxSurgeryException(
            $"Tensor '{tensor.Name}' has element type {(DataType)tensor.DataType}, which cannot be sliced; leave its channels alone."),
    };

    /// <summary>The elements as little-endian bytes, row-major, from whichever field holds them.</summary>
    /// <exception cref="OnnxSurgeryException">Data missing, or not as long as the dims say.</exception>
    public static byte[] Bytes(TensorProto tensor)
    {
        var size = ElementSize(tensor);
        var expected = (Int128)ElementCount(tensor) * size;
        byte[] bytes;
        if (tensor.RawData.Length > 0) bytes = tensor.RawData.ToByteArray();
        else if (tensor.FloatData.Count > 0) bytes = MemoryMarshal.AsBytes(tensor.FloatData.ToArray().AsSpan()).ToArray();
        else if (tensor.Int64Data.Count > 0) bytes = MemoryMarshal.AsBytes(tensor.Int64Data.ToArray().AsSpan()).ToArray();
        else if (tensor.DoubleData.Count > 0) bytes = MemoryMarshal.AsBytes(tensor.DoubleData.ToArray().AsSpan()).ToArray();
        else if (tensor.Uint64Data.Count > 0) bytes = Narrow(tensor.Uint64Data, size);
        else if (tensor.Int32Data.Count > 0) bytes = Narrow(tensor.Int32Data.Select(v => (ulong)(long)v), size);
        else bytes = [];
        if (bytes.Length != expected)
            throw new OnnxSurgeryException(
                FormattableString.Invariant($"Tensor '{tensor.Name}' holds {bytes.Length:N0} bytes but its shape [{string.Join(',', tensor.Dims)}] needs {expected:N0}; the file is damaged, export it again."));
        return bytes;
    }

    /// <summary>The same bytes where they lie, copied only if they are not stored as raw data.</summary>
    /// <exception cref="OnnxSurgeryException">Data missing, or not as long as the dims say.</exception>
    internal static ReadOnlySpan<byte> View(TensorProto tensor) =>
        tensor.RawData.Length > 0 && tensor.RawData.Length == (Int128)ElementCount(tensor) * ElementSize(tensor) ? tensor.RawData.Span : Bytes(tensor);

    /// <summary>The elements of a float tensor (float32, float16, bfloat16 or float64) as float32, row-major.</summary>
    /// <exception cref="OnnxSurgeryException">Not a float tensor, or damaged.</exception>
    public static float[] Floats(TensorProto tensor)
    {
        var result = new float[ElementCount(tensor)];
        ReadFloats(tensor, 0, result);
        return result;
    }

    /// <summary>Copies some elements of a float tensor as float32, without touching the others.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="first">First element, row-major.</param>
    /// <param name="values">Receives as many elements as it is long.</param>
    /// <exception cref="OnnxSurgeryException">Not a float tensor, or damaged.</exception>
    public static void ReadFloats(TensorProto tensor, long first, Span<float> values)
    {
        var size = ElementSize(tensor);
        var bytes = View(tensor).Slice(checked((int)(first * size)), checked(values.Length * size));
        switch ((DataType)tensor.DataType)
        {
            case DataType.Float:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
                break;
            case DataType.Double:
                var doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (var i = 0; i < values.Length; i++) values[i] = (float)doubles[i];
                break;
            case DataType.Float16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (var i = 0; i < values.Length; i++) values[i] = (float)halves[i];
                break;
            case DataType.Bfloat16:
                var brains = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < values.Length; i++) values[i] = BitConverter.Int32BitsToSingle(brains[i] << 16);
                break;
            default:
                throw new OnnxSurgeryException($"Tensor '{tensor.Name}' is {(DataType)tensor.DataType}, not a float tensor.");
        }
    }

    /// <summary>The elements of an int32 or int64 tensor as int64, row-major.</summary>
    /// <exception cref="OnnxSurgeryException">Not an integer tensor, or damaged.</exception>
    public static long[] Integers(TensorProto tensor)
    {
        var bytes = Bytes(tensor);
        return (DataType)tensor.DataType switch
        {
            DataType.Int64 => MemoryMarshal.Cast<byte, long>(bytes).ToArray(),
            DataType.Int32 => Array.ConvertAll(MemoryMarshal.Cast<byte, int>(bytes).ToArray(), v => (long)v),
            _ => throw new OnnxSurgeryException($"Tensor '{tensor.Name}' is {(DataType)tensor.DataType}, not int32 or int64."),
        };
    }

    /// <summary>A float32 tensor.</summary>
    public static TensorProto FromFloats(string name, IEnumerable<long> dims, ReadOnlySpan<float> values) =>
        Make(name, DataType.Float, dims, MemoryMarshal.AsBytes(values));

    /// <summary>An int64 tensor.</summary>
    public static TensorProto FromIntegers(string name, IEnumerable<long> dims, ReadOnlySpan<long> values) =>
        Make(name, DataType.Int64, dims, MemoryMarshal.AsBytes(values));

    /// <summary>Replaces the values of a float tensor, keeping its name, element type and dims.</summary>
    /// <exception cref="OnnxSurgeryException">Not a float tensor, or a different number of values.</exception>
    public static void SetFloats(TensorProto tensor, ReadOnlySpan<float> values)
    {
        if (values.Length != ElementCount(tensor))
            throw new OnnxSurgeryException(FormattableString.Invariant($"Tensor '{tensor.Name}' has {ElementCount(tensor):N0} elements, not {values.Length:N0}."));
        byte[] bytes;
        switch ((DataType)tensor.DataType)
        {
            case DataType.Float: bytes = MemoryMarshal.AsBytes(values).ToArray(); break;
            case DataType.Double:
                bytes = MemoryMarshal.AsBytes(Array.ConvertAll(values.ToArray(), v => (double)v).AsSpan()).ToArray(); break;
            case DataType.Float16:
                bytes = MemoryMarshal.AsBytes(Array.ConvertAll(values.ToArray(), v => (Half)v).AsSpan()).ToArray(); break;
            case DataType.Bfloat16:
                bytes = MemoryMarshal.AsBytes(Array.ConvertAll(values.ToArray(), ToBfloat16).AsSpan()).ToArray(); break;
            default: throw new OnnxSurgeryException($"Tensor '{tensor.Name}' is {(DataType)tensor.DataType}, not a float tensor.");
        }
        if (!MappedBytes.Holds(tensor.RawData))
        {
            SetRaw(tensor, bytes);
            return;
        }
        var mapped = MappedBytes.Scratch(bytes.Length);
        bytes.CopyTo(mapped);
        SetRaw(tensor, mapped);
    }

    /// <summary>Replaces the values of an int32 or int64 tensor, keeping its name, element type and dims.</summary>
    public static void SetIntegers(TensorProto tensor, ReadOnlySpan<long> values)
    {
        if (values.Length != ElementCount(tensor))
            throw new OnnxSurgeryException(FormattableString.Invariant($"Tensor '{tensor.Name}' has {ElementCount(tensor):N0} elements, not {values.Length:N0}."));
        SetRaw(tensor, (DataType)tensor.DataType == DataType.Int32
            ? MemoryMarshal.AsBytes(Array.ConvertAll(values.ToArray(), v => checked((int)v)).AsSpan()).ToArray()
            : MemoryMarshal.AsBytes(values).ToArray());
    }

    /// <summary>Keeps the given indices along one axis, in their order; every other element goes.</summary>
    /// <param name="tensor">The tensor to shrink in place.</param>
    /// <param name="axis">Axis, 0-based.</param>
    /// <param name="kept">Indices along the axis, each in [0, dims[axis]).</param>
    /// <exception cref="OnnxSurgeryException">No such axis or index, elements smaller than a byte, or damaged.</exception>
    public static void Keep(TensorProto tensor, int axis, IReadOnlyList<int> kept)
    {
        if (axis < 0 || axis >= tensor.Dims.Count || kept.Any(k => k < 0 || k >= tensor.Dims[axis]))
            throw new OnnxSurgeryException(
                $"Tensor '{tensor.Name}' of shape [{string.Join(',', tensor.Dims)}] has no such slice along axis {axis}; the indices are out of range.");
        var size = ElementSize(tensor);
        var source = View(tensor);
        long outer = 1, inner = size;
        for (var i = 0; i < axis; i++) outer *= tensor.Dims[i];
        for (var i = axis + 1; i < tensor.Dims.Count; i++) inner *= tensor.Dims[i];
        var dim = tensor.Dims[axis];
        var length = outer * kept.Count * inner;
        // What was read from a mapped file goes to one: a large model never comes into memory as a whole.
        var memory = MappedBytes.Holds(tensor.RawData) && length > 0 ? MappedBytes.Scratch(checked((int)length)) : new byte[length];
        var result = memory.Span;
        for (long o = 0, at = 0; o < outer; o++)
            foreach (var k in kept)
            {
                source.Slice(checked((int)((o * dim + k) * inner)), (int)inner).CopyTo(result[(int)at..]);
                at += inner;
            }
        tensor.Dims[axis] = kept.Count;
        SetRaw(tensor, memory);
    }

    static TensorProto Make(string name, DataType type, IEnumerable<long> dims, ReadOnlySpan<byte> bytes)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    /// <summary>Replaces the stored bytes of a tensor; type and dims stay.</summary>
    internal static void SetRaw(TensorProto tensor, Memory<byte> bytes)
    {
        tensor.FloatData.Clear();
        tensor.Int32Data.Clear();
        tensor.Int64Data.Clear();
        tensor.DoubleData.Clear();
        tensor.Uint64Data.Clear();
        tensor.ExternalData.Clear();
        tensor.ClearDataLocation();
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
    }

    static byte[] Narrow(IEnumerable<ulong> values, int size)
    {
        // Complex numbers never come this way: they are stored as floats or doubles.
        size = Math.Min(size, 8);
        Span<byte> buffer = stackalloc byte[8];
        var result = new List<byte>();
        foreach (var v in values)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(buffer, v);
            result.AddRange(buffer[..size]);
        }
        return [.. result];
    }

    // Round to nearest even; NaN keeps its payload's high bits.
    static ushort ToBfloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
