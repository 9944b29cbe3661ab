using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace OnnxEdit.Engine.Data.Arrays;

/// <summary>The element types of .npy arrays, written as NumPy does without the byte order: f4, u1, i8, ...</summary>
static class NpyElements
{
    /// <summary>Bytes per element; 0 for a type this library does not read.</summary>
    internal static int Size(string type) => type switch
    {
        "b1" or "i1" or "u1" => 1,
        "f2" or "i2" or "u2" => 2,
        "f4" or "i4" or "u4" => 4,
        "f8" or "i8" or "u8" => 8,
        _ => 0,
    };

    internal static string TypeOf<T>() where T : unmanaged => default(T) switch
    {
        float => "f4",
        double => "f8",
        Half => "f2",
        byte => "u1",
        sbyte => "i1",
        short => "i2",
        ushort => "u2",
        int => "i4",
        uint => "u4",
        long => "i8",
        ulong => "u8",
        bool => "b1",
        _ => throw new NotSupportedException($"{typeof(T).Name} has no .npy element type."),
    };

    internal static bool IsInteger(string type) => type[0] is 'i' or 'u' or 'b';

    /// <summary>Converts little-endian elements to <typeparamref name="T"/>; floats out of range become infinities.</summary>
    internal static void Convert<T>(string type, ReadOnlySpan<byte> bytes, Span<T> values) where T : unmanaged, System.Numerics.INumber<T>
    {
        switch (type)
        {
            case "f2": TensorPrimitives.ConvertTruncating<Half, T>(MemoryMarshal.Cast<byte, Half>(bytes), values); break;
            case "f4": TensorPrimitives.ConvertTruncating<float, T>(MemoryMarshal.Cast<byte, float>(bytes), values); break;
            case "f8": TensorPrimitives.ConvertTruncating<double, T>(MemoryMarshal.Cast<byte, double>(bytes), values); break;
            case "i1": TensorPrimitives.ConvertTruncating<sbyte, T>(MemoryMarshal.Cast<byte, sbyte>(bytes), values); break;
            case "i2": TensorPrimitives.ConvertTruncating<short, T>(MemoryMarshal.Cast<byte, short>(bytes), values); break;
            case "u2": TensorPrimitives.ConvertTruncating<ushort, T>(MemoryMarshal.Cast<byte, ushort>(bytes), values); break;
            case "i4": TensorPrimitives.ConvertTruncating<int, T>(MemoryMarshal.Cast<byte, int>(bytes), values); break;
            case "u4": TensorPrimitives.ConvertTruncating<uint, T>(MemoryMarshal.Cast<byte, uint>(bytes), values); break;
            case "i8": TensorPrimitives.ConvertTruncating<long, T>(MemoryMarshal.Cast<byte, long>(bytes), values); break;
            case "u8": TensorPrimitives.ConvertTruncating<ulong, T>(MemoryMarshal.Cast<byte, ulong>(bytes), values); break;
            default: TensorPrimitives.ConvertTruncating<byte, T>(bytes, values); break;
        }
    }
}
