namespace OnnxEdit.Surgery.Channels;

/// <summary>An axis of an initializer whose positions belong to channels.</summary>
/// <param name="Tensor">Initializer name.</param>
/// <param name="Axis">Axis, 0-based.</param>
/// <param name="Ids">One channel per position; 0 = stays.</param>
sealed record ParameterSlice(string Tensor, int Axis, int[] Ids);
