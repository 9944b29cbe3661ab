using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>The structure of the graph: nodes that vanish, double, move, read other tensors or hold graphs of their own.</summary>
static class GraphMutations
{
    static readonly string[] _operators =
    [
        "Add", "Mul", "Concat", "Conv", "Gemm", "MatMul", "Reshape", "Transpose", "Slice", "Split", "Gather", "Pad", "Squeeze", "Unsqueeze",
        "Flatten", "Softmax", "ReduceMean", "BatchNormalization", "Relu", "Clip", "Resize", "ConvTranspose", "DepthToSpace", "Expand",
        "Tile", "Where", "PRelu", "Shape", "Cast", "Identity", "MaxPool", "GlobalAveragePool", "Constant", "ConstantOfShape", "Loop",
        "If", "Scan", "LSTM", "Einsum", "TopK", "NonZero", "QuantizeLinear", "DequantizeLinear", "SequenceConstruct", "Optional",
    ];

    public static IReadOnlyList<(string Name, Action<MutationSite> Apply)> All { get; } =
    [
        ("drop a node", s => { if (s.Node() is { } n) s.Graph.Node.Remove(n); }),
        ("bypass a node", Bypass),
        ("double a node", s => { if (s.Node() is { } n) s.Graph.Node.Insert(s.Random.NextInt(s.Graph.Node.Count), n.Clone()); }),
        ("move a node", s => { if (s.Node() is { } n) { s.Graph.Node.Remove(n); s.Graph.Node.Insert(s.Random.NextInt(s.Graph.Node.Count + 1), n); } }),
        ("read another tensor", s => { if (s.Node() is { Input.Count: > 0 } n) n.Input[s.Random.NextInt(n.Input.Count)] = s.Tensor(); }),
        ("swap inputs", s => { if (s.Node() is { Input.Count: > 1 } n) (n.Input[0], n.Input[1]) = (n.Input[1], n.Input[0]); }),
        ("drop an input", s => { if (s.Node() is { Input.Count: > 0 } n) n.Input.RemoveAt(s.Random.NextInt(n.Input.Count)); }),
        ("empty input", s => { if (s.Node() is { Input.Count: > 0 } n) n.Input[s.Random.NextInt(n.Input.Count)] = ""; }),
        ("no inputs", s => s.Node()?.Input.Clear()),
        ("another input", s => s.Node()?.Input.Add(s.Tensor())),
        ("another output", s => s.Node()?.Output.Add(s.Fresh())),
        ("empty output", s => { if (s.Node() is { Output.Count: > 0 } n) n.Output[0] = ""; }),
        ("no outputs", s => s.Node()?.Output.Clear()),
        ("another operator", s => { if (s.Node() is { } n) n.OpType = s.Pick(_operators)!; }),
        ("another operator", s => { if (s.Node() is { } n) n.OpType = s.Pick(_operators)!; }),
        ("return an inner tensor", s => s.Graph.Output.Add(new ValueInfoProto { Name = s.Tensor() })),
        ("drop an output", s => { if (s.Graph.Output.Count > 0) s.Graph.Output.RemoveAt(0); }),
        ("drop an initializer", s => { if (s.Initializer() is { } t) s.Graph.Initializer.Remove(t); }),
        ("list an initializer as an input", ListInitializer),
        ("share a weight", Share),
        ("weight in a Constant node", ToConstantNode),
        ("input becomes an initializer", s => { if (s.Initializer() is { } t && s.Pick(s.Graph.Input) is { } v) t.Name = v.Name; }),
        ("sub-graphs in each other", Nest),
        ("capture in a sub-graph", Capture),
        ("nothing but the outputs", s => s.Graph.Node.Clear()),
    ];

    static void Bypass(MutationSite s)
    {
        if (s.Node() is not { Input.Count: > 0, Output.Count: > 0 } node) return;
        foreach (var n in s.Graph.Node)
            for (var i = 0; i < n.Input.Count; i++)
                if (n.Input[i] == node.Output[0] && !ReferenceEquals(n, node)) n.Input[i] = node.Input[0];
        s.Graph.Node.Remove(node);
    }

    static void ListInitializer(MutationSite s)
    {
        if (s.Initializer() is not { } t) return;
        var type = new TypeProto.Types.Tensor { ElemType = t.DataType, Shape = new TensorShapeProto() };
        foreach (var d in t.Dims) type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = d });
        s.Graph.Input.Add(new ValueInfoProto { Name = t.Name, Type = new TypeProto { TensorType = type } });
    }

    static void Share(MutationSite s)
    {
        var weights = s.Graph.Initializer.Where(t => t.Dims.Count > 1).ToLookup(t => string.Join(',', t.Dims)).Where(g => g.Count() > 1).ToArray();
        if (s.Pick(weights) is not { } same) return;
        var (a, b) = (same.First().Name, same.Last().Name);
        foreach (var n in s.Graph.Node)
            for (var i = 0; i < n.Input.Count; i++)
                if (n.Input[i] == b) n.Input[i] = a;
    }

    static void ToConstantNode(MutationSite s)
    {
        if (s.Initializer() is not { } t) return;
        s.Graph.Initializer.Remove(t);
        var node = NodeAttributes.Node("Constant", [], [t.Name]);
        node.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = t });
        s.Graph.Node.Insert(0, node);
    }

    static void Nest(MutationSite s)
    {
        var depth = 1 + s.Random.NextInt(s.Random.NextInt(2) == 0 ? 4 : 60);
        var (condition, inner) = (s.Tensor(), s.Tensor());
        var graph = Branch(NodeAttributes.Node("Identity", [inner], ["leaf"]), "leaf");
        for (var d = 0; d < depth; d++)
        {
            var name = $"level{d}";
            graph = Branch(If(condition, name, graph), name);
        }
        s.Graph.Node.Add(If(condition, s.Fresh(), graph));
        s.Graph.Output.Add(new ValueInfoProto { Name = s.Graph.Node[^1].Output[0] });
    }

    static void Capture(MutationSite s)
    {
        s.Graph.Initializer.Add(new TensorProto { Name = s.Fresh(), DataType = (int)TensorProto.Types.DataType.Bool, Int32Data = { 1 } });
        var condition = s.Graph.Initializer[^1].Name;
        var read = s.Tensor();
        s.Graph.Node.Add(If(condition, s.Fresh(), Branch(NodeAttributes.Node("Identity", [read], ["leaf"]), "leaf")));
        s.Graph.Output.Add(new ValueInfoProto { Name = s.Graph.Node[^1].Output[0] });
    }

    static NodeProto If(string condition, string output, GraphProto branch)
    {
        var node = NodeAttributes.Node("If", [condition], [output]);
        node.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeType.Graph, G = branch });
        // The other branch stays flat, or the size would double with every level.
        node.Attribute.Add(new AttributeProto { Name = "else_branch", Type = AttributeType.Graph, G = Branch(NodeAttributes.Node("Identity", [condition], ["other"]), "other") });
        return node;
    }

    static GraphProto Branch(NodeProto node, string output) =>
        new() { Name = "branch", Node = { node }, Output = { new ValueInfoProto { Name = output } } };
}
