using System.Text.RegularExpressions;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Components;

/// <summary>
/// Names of layers as their authors know them. Exporters write the path of modules with everything repeated
/// (/layer3/layer3.0/conv1/Conv); the layer is layer3.0.conv1. Where two nodes would share a name, or a node has none,
/// its identity (<see cref="NodeNames"/>) is taken.
/// </summary>
sealed partial class LayerNames
{
    readonly NodeNames _identities;
    readonly Dictionary<string, int> _count;

    public LayerNames(IEnumerable<NodeProto> nodes, GraphProto graph)
    {
        _identities = new NodeNames(graph);
        _count = nodes.CountBy(Short).ToDictionary();
    }

    /// <summary>The name of one of the nodes.</summary>
    public string Of(NodeProto node) => Short(node) is { Length: > 0 } name && _count[name] == 1 ? name : _identities.Of(node);

    static string Short(NodeProto node)
    {
        var path = node.Name.Split('/', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (path.Count > 1 && Number().Replace(path[^1], "") == node.OpType) path.RemoveAt(path.Count - 1);
        List<string> kept = [];
        foreach (var part in path)
        {
            // "layer3.0" says all that the "layer3" before it said.
            if (kept.Count > 0 && part.StartsWith($"{kept[^1]}.", StringComparison.Ordinal)) kept.RemoveAt(kept.Count - 1);
            kept.Add(part);
        }
        return string.Join('.', kept);
    }

    [GeneratedRegex(@"_\d+$")]
    private static partial Regex Number();
}
