namespace OnnxEdit.Engine.Data.Arrays;

/// <summary>What the beginning of a .npy file says.</summary>
/// <param name="Type">Element type without the byte order.</param>
/// <param name="Shape">Extents, outermost first.</param>
/// <param name="Offset">Bytes from the beginning of the array's file to its first element.</param>
sealed record NpyHeader(string Type, IReadOnlyList<int> Shape, long Offset)
{
    internal long ByteLength => Shape.Aggregate((long)NpyElements.Size(Type), (product, extent) => checked(product * extent));
}
