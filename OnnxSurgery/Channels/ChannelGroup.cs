using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>Channels made by the same set of nodes: the unit in which channels are listed and budgets are spread.</summary>
/// <param name="Index">Place in <see cref="ChannelAnalysis.Groups"/>.</param>
/// <param name="Name">Identity of the first node that makes them.</param>
/// <param name="Cells">The cells (sets of channels that go together) of the group.</param>
/// <param name="Producers">Nodes that make the channels, in graph order.</param>
/// <param name="Consumers">Linear operators that read them, in graph order.</param>
sealed record ChannelGroup(
    int Index, string Name, IReadOnlyList<int> Cells, IReadOnlyList<NodeProto> Producers, IReadOnlyList<NodeProto> Consumers);
