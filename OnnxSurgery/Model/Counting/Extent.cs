namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>A number of a <see cref="MacTerm"/> that shrinks when channels go.</summary>
/// <param name="Size">How many there are now.</param>
abstract record Extent(long Size);

/// <summary>All elements of what stands at an input of the node: a weight.</summary>
/// <param name="Input">The input.</param>
/// <param name="Size">Its elements.</param>
sealed record WholeInput(int Input, long Size) : Extent(Size);

/// <summary>The length of one axis of a tensor.</summary>
/// <param name="Tensor">The tensor.</param>
/// <param name="Axis">The axis, from 0.</param>
/// <param name="Size">Its length.</param>
sealed record AxisOf(string Tensor, int Axis, long Size) : Extent(Size);

/// <summary>The first channels that the node makes, where they stand on no axis of its own (queries in packed weights).</summary>
/// <param name="Size">How many of them.</param>
sealed record FirstMade(long Size) : Extent(Size);
