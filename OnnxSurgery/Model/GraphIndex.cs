using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>Who makes and who reads each tensor of a graph. A snapshot: build a new one after changing the graph.</summary>
sealed class GraphIndex
{
    readonly Dictionary<string, NodeProto> _producer = [];
    readonly Dictionary<string, List<NodeProto>> _consumers = [];
    readonly Dictionary<string, TensorProto> _initializer = [];
    readonly HashSet<string> _outputs;
    readonly HashSet<string> _captured = [];

    /// <summary>Indexes the nodes, initializers and outputs of a graph.</summary>
    public GraphIndex(GraphProto graph)
    {
        Graph = graph;
        foreach (var t in graph.Initializer) _initializer[t.Name] = t;
        foreach (var node in graph.Node)
        {
            foreach (var o in node.Output.Where(o => o.Length > 0)) _producer[o] = node;
            foreach (var i in node.Input.Where(i => i.Length > 0).Distinct()) Add(i, node);
            foreach (var name in Captures(node))
            {
                _captured.Add(name);
                Add(name, node);
            }
        }
        _outputs = [.. graph.Output.Select(o => o.Name)];
        Inputs = [.. graph.Input.Where(i => !_initializer.ContainsKey(i.Name))];
    }

    /// <summary>The indexed graph.</summary>
    public GraphProto Graph { get; }

    /// <summary>Graph inputs the caller must feed: those without an initializer of the same name.</summary>
    public IReadOnlyList<ValueInfoProto> Inputs { get; }

    /// <summary>The node that makes the tensor, or null for inputs and initializers.</summary>
    public NodeProto? Producer(string tensor) => _producer.GetValueOrDefault(tensor);

    /// <summary>Nodes that read the tensor, each once, in graph order; sub-graph captures included.</summary>
    public IReadOnlyList<NodeProto> Consumers(string tensor) => _consumers.GetValueOrDefault(tensor) ?? [];

    /// <summary>The initializer of that name, or null.</summary>
    public TensorProto? Initializer(string tensor) => _initializer.GetValueOrDefault(tensor);

    /// <summary>True when the graph returns the tensor.</summary>
    public bool IsOutput(string tensor) => _outputs.Contains(tensor);

    /// <summary>True when a sub-graph (If, Loop, Scan) reads the tensor from outside.</summary>
    public bool IsCaptured(string tensor) => _captured.Contains(tensor);

    /// <summary>Names that the sub-graphs of a node read from the graph around them.</summary>
    public static IEnumerable<string> Captures(NodeProto node)
    {
        foreach (var a in node.Attribute)
        {
            if (a.G is { } g)
                foreach (var name in FreeNames(g)) yield return name;
            foreach (var each in a.Graphs)
                foreach (var name in FreeNames(each)) yield return name;
        }
    }

    static HashSet<string> FreeNames(GraphProto graph)
    {
        HashSet<string> known = [.. graph.Input.Select(i => i.Name), .. graph.Initializer.Select(i => i.Name)];
        HashSet<string> free = [];
        foreach (var node in graph.Node)
        {
            foreach (var i in node.Input.Concat(Captures(node)))
                if (i.Length > 0 && !known.Contains(i)) free.Add(i);
            foreach (var o in node.Output) known.Add(o);
        }
        foreach (var o in graph.Output)
            if (!known.Contains(o.Name)) free.Add(o.Name);
        return free;
    }

    void Add(string tensor, NodeProto node)
    {
        if (!_consumers.TryGetValue(tensor, out var list)) _consumers[tensor] = list = [];
        list.Add(node);
    }
}
