using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model.Loading;

/// <summary>Puts nodes behind those whose outputs they read, as ONNX asks and some writers do not do.</summary>
static class NodeOrder
{
    /// <summary>Sorts a graph and its sub-graphs in place; nodes move only where they must. What lies on a cycle stays for <see cref="GraphValidator"/>.</summary>
    /// <returns>True when anything moved.</returns>
    public static bool Sort(GraphProto graph)
    {
        var moved = false;
        foreach (var a in graph.Node.SelectMany(n => n.Attribute))
        {
            if (a.G is not null) moved |= Sort(a.G);
            foreach (var g in a.Graphs) moved |= Sort(g);
        }
        var makers = new Dictionary<string, NodeProto>();
        foreach (var node in graph.Node)
            foreach (var o in node.Output.Where(o => o.Length > 0)) makers.TryAdd(o, node);
        // The node is there while its inputs are looked for, so that a cycle ends.
        HashSet<NodeProto> seen = new(ReferenceEqualityComparer.Instance);
        List<NodeProto> sorted = [];
        foreach (var start in graph.Node)
        {
            if (!seen.Add(start)) continue;
            Stack<(NodeProto Node, IEnumerator<NodeProto> Before)> open = new([(start, Before(start))]);
            while (open.TryPeek(out var top))
            {
                if (!top.Before.MoveNext()) sorted.Add(open.Pop().Node);
                else if (seen.Add(top.Before.Current)) open.Push((top.Before.Current, Before(top.Before.Current)));
            }
        }
        if (sorted.SequenceEqual(graph.Node, ReferenceEqualityComparer.Instance)) return moved;
        graph.Node.Clear();
        graph.Node.AddRange(sorted);
        return true;

        IEnumerator<NodeProto> Before(NodeProto node) => node.Input.Concat(GraphIndex.Captures(node)).Where(makers.ContainsKey).Select(i => makers[i]).GetEnumerator();
    }
}
