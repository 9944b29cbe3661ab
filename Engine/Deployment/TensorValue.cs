namespace OnnxEdit.Engine.Deployment;

/// <summary>A tensor that travels: its bytes are row-major and little-endian, as in the protocol's binary form.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its extents.</param>
/// <param name="Bytes">Its elements.</param>
sealed record TensorValue(string Name, ServedType Type, long[] Shape, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Number of elements.</summary>
    public long Elements => Count(Shape);

    /// <summary>The product of extents.</summary>
    /// <exception cref="OverflowException">It has no 64-bit value.</exception>
    public static long Count(ReadOnlySpan<long> shape)
    {
        var product = 1L;
        foreach (var extent in shape) product = checked(product * extent);
        return product;
    }
}
