using System.Runtime.InteropServices;

namespace OnnxEdit.Engine.Data.Arrays;

/// <summary>An array as .npy files hold it: an element type, a shape, and little-endian elements in C order.</summary>
sealed class NpyArray
{
    readonly byte[] _bytes;

    internal NpyArray(string type, IReadOnlyList<int> shape, byte[] bytes)
    {
        Type = type;
        Shape = shape;
        _bytes = bytes;
    }

    /// <summary>Element type without the byte order: f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1.</summary>
    public string Type { get; }

    /// <summary>Extents, outermost first; empty for a single number.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Number of elements.</summary>
    public int Length => _bytes.Length / NpyElements.Size(Type);

    /// <summary>The elements as they lie in the file.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>An array of the given elements.</summary>
    /// <param name="values">All elements in C order.</param>
    /// <param name="shape">Extents whose product is the number of elements; none: one axis.</param>
    public static NpyArray From<T>(ReadOnlySpan<T> values, params ReadOnlySpan<int> shape) where T : unmanaged
    {
        var extents = shape.IsEmpty ? [values.Length] : shape.ToArray();
        if (extents.Aggregate(1L, (product, extent) => product * extent) != values.Length)
            throw new ArgumentException($"{values.Length} elements do not make the shape [{string.Join(", ", extents)}].", nameof(shape));
        return new NpyArray(NpyElements.TypeOf<T>(), extents, MemoryMarshal.AsBytes(values).ToArray());
    }

    internal ReadOnlyMemory<byte> Memory => _bytes;

    /// <summary>The elements as float32, whatever their type.</summary>
    public float[] ToSingles() => To<float>();

    /// <summary>The elements as float64, whatever their type.</summary>
    public double[] ToDoubles() => To<double>();

    /// <summary>The elements as 64-bit integers; fractions are cut off.</summary>
    public long[] ToInt64s() => To<long>();

    T[] To<T>() where T : unmanaged, System.Numerics.INumber<T>
    {
        var values = new T[Length];
        NpyElements.Convert<T>(Type, _bytes, values);
        return values;
    }
}
