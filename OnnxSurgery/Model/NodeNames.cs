using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// Stable node identities: the node's name when it is not empty and unique, else its first output's name.
/// Folded and un-folded exports of one network agree on node names, not on initializer names.
/// </summary>
sealed class NodeNames
{
    readonly Dictionary<string, int> _count = [];

    /// <summary>Counts the node names of a graph.</summary>
    public NodeNames(GraphProto graph)
    {
        foreach (var n in graph.Node) _count[n.Name] = _count.GetValueOrDefault(n.Name) + 1;
    }

    /// <summary>The identity of a node of this graph.</summary>
    public string Of(NodeProto node) =>
        node.Name.Length > 0 && _count.GetValueOrDefault(node.Name) == 1 ? node.Name : node.Output[0];
}
