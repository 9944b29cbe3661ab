using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>One pass over a graph and its sub-graphs in topological order, carrying what is known of each tensor.</summary>
sealed class CountingWalk(TracedSizes traced)
{
    /// <summary>Stored values: shared by all names that an Identity, Cast or Reshape gives them.</summary>
    sealed class Constant(long elements, bool learnable, IReadOnlyList<long> dims, TensorProto? values = null)
    {
        public long Elements { get; } = elements;
        public IReadOnlyList<long> Dims { get; } = dims;

        /// <summary>Nothing but zeros is padding, where it is concatenated.</summary>
        public bool IsPadding => values is null || !TensorData.View(values).ContainsAnyExcept((byte)0);

        /// <summary>Floats, or integers of at most 8 bits: never indices or shapes.</summary>
        public bool Learnable { get; } = learnable;

        public bool Counted { get; set; }
    }

    /// <summary>What is known of the names in scope.</summary>
    sealed class Scope
    {
        public Dictionary<string, Constant> Constants { get; init; } = [];

        /// <summary>Computed from the graph's inputs, not through their shapes: grows with the batch.</summary>
        public HashSet<string> Data { get; init; } = [];

        /// <summary>Computed from shapes.</summary>
        public HashSet<string> ShapeValues { get; init; } = [];

        public Scope Inner() => new() { Constants = new(Constants), Data = [.. Data], ShapeValues = [.. ShapeValues] };
    }

    readonly List<NodeCounts> _counts = [];

    internal IReadOnlyList<NodeCounts> Of(GraphProto graph)
    {
        Walk(graph, new Scope());
        return _counts;
    }

    void Walk(GraphProto graph, Scope scope)
    {
        foreach (var t in graph.Initializer) scope.Constants[t.Name] = FromTensor(t);
        foreach (var s in graph.SparseInitializer.Where(s => s.Values is not null))
            scope.Constants[s.Values.Name] = FromTensor(s.Values);
        scope.Data.UnionWith(graph.Input.Select(i => i.Name).Where(n => !scope.Constants.ContainsKey(n)));
        var names = new NodeNames(graph);
        foreach (var node in graph.Node)
        {
            if (node.Output.Count == 0) continue;
            Classify(node, scope);
            var parameters = Parameters(node, scope);
            var work = Work(node, scope);
            _counts.Add(new(names.Of(node), node.OpType, parameters, work?.Sum(t => PerItem(node, t, scope)), traced.Shapes.GetValueOrDefault(node.Output[0]))
            {
                Work = [.. (work ?? []).Select(t => (t, PerItem(node, t, scope)))],
            });
            foreach (var a in node.Attribute)
            {
                if (a.G is not null) Walk(a.G, scope.Inner());
                foreach (var g in a.Graphs) Walk(g, scope.Inner());
            }
        }
    }

    void Classify(NodeProto node, Scope scope)
    {
        if (FromNode(node, scope) is { } constant) scope.Constants[node.Output[0]] = constant;
        var inputs = node.Input.Concat(GraphIndex.Captures(node)).ToList();
        var set = node.OpType is "Shape" or "Size" || (!inputs.Any(scope.Data.Contains) && inputs.Any(scope.ShapeValues.Contains))
            ? scope.ShapeValues
            : inputs.Any(scope.Data.Contains) ? scope.Data : null;
        set?.UnionWith(node.Output);
    }

    Constant? FromNode(NodeProto node, Scope scope)
    {
        if (!node.IsStandard()) return null;
        if (node.OpType == "Constant")
        {
            if (node.Find("value")?.T is { } tensor) return FromTensor(tensor);
            if (node.Find("value_floats") is { } floats) return new(floats.Floats.Count, true, [floats.Floats.Count]);
            return node.Find("value_float") is not null ? new(1, true, []) : null;
        }
        if (node.OpType == "ConstantOfShape")
        {
            var type = (DataType)(node.Find("value")?.T?.DataType ?? (int)DataType.Float);
            return traced.Shapes.TryGetValue(node.Output[0], out var shape) ? new(Product(shape), WeightRoles.IsLearnable(type), shape) : null;
        }
        return WeightRoles.PassesOn(node) ? scope.Constants.GetValueOrDefault(node.Input.FirstOrDefault("")) : null;
    }

    static long Parameters(NodeProto node, Scope scope)
    {
        if (scope.ShapeValues.Contains(node.Output[0])) return 0;
        long sum = 0;
        for (var i = 0; i < node.Input.Count; i++)
        {
            if (!scope.Constants.TryGetValue(node.Input[i], out var constant) || constant.Counted) continue;
            var counts = WeightRoles.IsWeight(node, i)
                || (WeightRoles.IsArray(node, i) && constant is { Learnable: true, Elements: > 1 }
                    && !(node.OpType == "Concat" && constant.IsPadding));
            if (!counts) continue;
            constant.Counted = true;
            sum += constant.Elements;
        }
        return sum;
    }

    // Null where a size is not known, none where the operator multiplies nothing.
    IReadOnlyList<MacTerm>? Work(NodeProto node, Scope scope)
    {
        if (MacTable.For(node) is not { } rule) return [];
        try
        {
            return rule(new NodeSizes(node, tensor => Shape(tensor, scope), scope.Constants.ContainsKey));
        }
        catch (UnknownSizeException)
        {
            return null;
        }
    }

    // Of one example. What no example has a part in (a product of weights) is done once for all.
    long PerItem(NodeProto node, MacTerm term, Scope scope)
    {
        var isTheirs = traced.ItemAxis is { } axis
            ? term.Extents.OfType<AxisOf>().Any(e => axis(e.Tensor) == e.Axis)
            : scope.Data.Contains(node.Output[0]);
        return isTheirs ? (long)Math.Round((decimal)term.Value / traced.Items) : term.Value;
    }

    IReadOnlyList<long>? Shape(string tensor, Scope scope) => traced.Shapes.TryGetValue(tensor, out var shape)
        ? shape
        : scope.Constants.GetValueOrDefault(tensor)?.Dims;

    static Constant FromTensor(TensorProto t) =>
        new(TensorData.ElementCount(t), WeightRoles.IsLearnable((DataType)t.DataType), t.Dims, t);

    static long Product(IEnumerable<long> dims) => dims.Aggregate(1L, (a, b) => a * b);
}
