namespace OnnxEdit.Surgery.Channels;

/// <summary>Which channel each position along one axis of a tensor belongs to.</summary>
/// <param name="Axis">The channel axis, 0-based.</param>
/// <param name="Ids">One identity per position along the axis; 0 = a position that must stay.</param>
sealed record AxisChannels(int Axis, int[] Ids);
