using OnnxEdit.Surgery.Proto;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// Checks the names of a graph: single assignment, nothing read before it is made, every domain imported; and that
/// attributes hold what their type says. Sub-graphs see the names made before their node.
/// </summary>
static class GraphValidator
{
    internal static void Check(GraphProto graph, IReadOnlyDictionary<string, long> domains) => Check(graph, [], domains);

    /// <summary>Checks the body of a model-local function.</summary>
    internal static void Check(FunctionProto function, IReadOnlyDictionary<string, long> domains)
    {
        HashSet<string> known = [.. function.Input];
        CheckNodes(function.Node, known, [.. function.Input], domains);
        foreach (var output in function.Output)
            if (!known.Contains(output))
                throw new OnnxSurgeryException(
                    $"The function '{function.Name}' returns '{output}', which nothing in it makes; export the model again.");
    }

    static void Check(GraphProto graph, HashSet<string> outer, IReadOnlyDictionary<string, long> domains)
    {
        HashSet<string> own = [];
        foreach (var input in graph.Input)
        {
            if (input.Name.Length == 0)
                throw new OnnxSurgeryException("A graph input has no name; name it and export the model again.");
            if (!own.Add(input.Name))
                throw new OnnxSurgeryException($"Two graph inputs are called '{input.Name}'; rename one and export the model again.");
        }
        HashSet<string> initializers = [];
        foreach (var name in graph.Initializer.Select(t => t.Name).Concat(graph.SparseInitializer.Select(s => s.Values?.Name ?? "")))
        {
            if (name.Length == 0)
                throw new OnnxSurgeryException("An initializer has no name; the file is damaged, export the model again.");
            if (!initializers.Add(name))
                throw new OnnxSurgeryException($"Two initializers are called '{name}'; the file is damaged, export the model again.");
        }
        own.UnionWith(initializers);
        HashSet<string> known = [.. outer, .. own];
        CheckNodes(graph.Node, known, own, domains);
        HashSet<string> outputs = [];
        foreach (var output in graph.Output)
        {
            if (!known.Contains(output.Name))
                throw new OnnxSurgeryException(
                    $"The graph output '{output.Name}' is made by no node; the file is damaged, export the model again.");
            if (!outputs.Add(output.Name))
                throw new OnnxSurgeryException($"Two graph outputs are called '{output.Name}'; keep one and export the model again.");
        }
    }

    /// <param name="nodes">Nodes in graph order.</param>
    /// <param name="known">Names that may be read; grows with each node.</param>
    /// <param name="own">Names assigned in this graph itself, where assigning twice is an error.</param>
    /// <param name="domains">Imported operator sets.</param>
    static void CheckNodes(IReadOnlyList<NodeProto> nodes, HashSet<string> known, HashSet<string> own,
        IReadOnlyDictionary<string, long> domains)
    {
        foreach (var node in nodes)
        {
            if (node.OpType.Length == 0)
                throw new OnnxSurgeryException($"{Describe(node)} has no operator type; the file is damaged, export the model again.");
            if (!domains.ContainsKey(node.IsStandard() ? "" : node.Domain))
                throw new OnnxSurgeryException(
                    $"{Describe(node)} is of the operator domain '{node.Domain}', which the model does not import; add it to opset_import or export with standard operators.");
            if (!node.Output.Any(o => o.Length > 0))
                throw new OnnxSurgeryException($"{Describe(node)} has no outputs; remove it or export the model again.");
            foreach (var input in node.Input)
                if (input.Length > 0 && !known.Contains(input)) throw Undefined(nodes, node, input);
            CheckAttributes(node, known, domains);
            foreach (var output in node.Output.Where(o => o.Length > 0))
            {
                if (!own.Add(output))
                    throw new OnnxSurgeryException(
                        $"{Describe(node)} assigns the tensor '{output}', which already has a value; rename it and export the model again.");
                known.Add(output);
            }
        }
    }

    static void CheckAttributes(NodeProto node, HashSet<string> known, IReadOnlyDictionary<string, long> domains)
    {
        HashSet<string> names = [];
        foreach (var a in node.Attribute)
        {
            if (a.Name.Length == 0 || !names.Add(a.Name))
                throw new OnnxSurgeryException(
                    $"{Describe(node)} has {(a.Name.Length == 0 ? "an attribute without a name" : $"the attribute '{a.Name}' twice")}; the file is damaged, export the model again.");
            // Very old files (IR version 1) leave the type out; proto3 writers leave zeros out.
            var missing = a.Type switch
            {
                AttributeType.Tensor => a.T is null && a.RefAttrName.Length == 0,
                AttributeType.Graph => a.G is null && a.RefAttrName.Length == 0,
                _ => false,
            };
            if (missing || !Enum.IsDefined(a.Type))
                throw new OnnxSurgeryException(
                    $"{Describe(node)} has an attribute '{a.Name}' without the value that its type announces; the file is damaged, export the model again.");
            if (a.G is not null) Check(a.G, known, domains);
            foreach (var g in a.Graphs) Check(g, known, domains);
        }
    }

    // Why is the input not there yet? Nobody makes it, or somebody further down: in a circle or only out of order.
    static OnnxSurgeryException Undefined(IReadOnlyList<NodeProto> nodes, NodeProto reader, string input)
    {
        var producers = new Dictionary<string, NodeProto>();
        foreach (var n in nodes)
            foreach (var o in n.Output.Where(o => o.Length > 0)) producers[o] = n;
        if (!producers.TryGetValue(input, out var producer))
            return new($"{Describe(reader)} reads the tensor '{input}', which no input, initializer or node provides; export the model again.");
        return Reaches(producer, reader, producers)
            ? new($"{Describe(reader)} and {Lower(Describe(producer))} need each other's outputs ('{input}'): the graph has a cycle; export the model again.")
            : new($"{Describe(reader)} reads '{input}' before {Lower(Describe(producer))} makes it: the nodes are not in topological order; export the model again.");
    }

    // True when `from` needs, directly or through others, something that `target` makes.
    static bool Reaches(NodeProto from, NodeProto target, Dictionary<string, NodeProto> producers)
    {
        HashSet<NodeProto> seen = new(ReferenceEqualityComparer.Instance) { from };
        Stack<NodeProto> open = new([from]);
        while (open.TryPop(out var node))
        {
            if (ReferenceEquals(node, target)) return true;
            foreach (var i in node.Input.Concat(GraphIndex.Captures(node)))
                if (producers.TryGetValue(i, out var next) && seen.Add(next)) open.Push(next);
        }
        return false;
    }

    static string Describe(NodeProto node)
    {
        var name = node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(o => o.Length > 0) ?? "";
        return name.Length > 0 ? $"Node '{name}' ({node.OpType})" : $"A node without a name ({node.OpType})";
    }

    static string Lower(string text) => char.ToLowerInvariant(text[0]) + text[1..];
}
