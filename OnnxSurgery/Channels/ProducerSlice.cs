using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>A node that makes channels: a linear operator, or a Pad that adds constant ones.</summary>
/// <param name="Node">The producer.</param>
/// <param name="Ids">One channel per output channel of the node, in order.</param>
sealed record ProducerSlice(NodeProto Node, int[] Ids);
