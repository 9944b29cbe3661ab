using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Replaces shapes that a graph computes from its input's shape (Shape, Gather, Concat ... into Reshape, or into the condition of an If) by
/// constants, where tracing at two batch sizes, and at other sizes where inputs leave some open, shows them constant but for
/// these. Does nothing where an open size could not be varied. Changes the graph in place.
/// </summary>
static class ShapeFolding
{
    /// <summary>Folds; true when the graph changed.</summary>
    public static bool Apply(ModelProto model, ShapeTrace trace)
    {
        if (!Varies(new GraphIndex(model.Graph), trace)) return false;
        var whole = Fold(model, trace, (node, i, index) => ReadsShape(node, i) || Decides(node, index));
        // Of the others at least the numbers that are always the same: channels of an image whose height and width are open.
        var parts = Fold(model, trace, (node, _, index) => node.OpType == "Concat" && index.Consumers(node.Output[0]).Any(reader => ReadsShape(reader, reader.Input.IndexOf(node.Output[0]))));
        return whole || parts;
    }

    static bool Fold(ModelProto model, ShapeTrace trace, Func<NodeProto, int, GraphIndex, bool> isSite)
    {
        var graph = model.Graph;
        var index = new GraphIndex(graph);
        var dependence = new ValueDependence(index);
        var hidden = new HiddenSizes(index, trace);
        var changed = false;
        for (var n = 0; n < graph.Node.Count; n++)
        {
            var node = graph.Node[n];
            for (var i = 0; i < node.Input.Count; i++)
            {
                var name = node.Input[i];
                if (name.Length == 0 || index.Initializer(name) is not null || index.Producer(name) is not { } producer
                    || !node.IsStandard() || !isSite(node, i, index) || trace.Integers(name) is not { } values
                    || !DependsOnShapesOnly(producer, index, hidden, dependence)) continue;
                if (Constant(node, i, values, trace) is not { } constant) continue;
                var folded = $"{name}_const_{n}_{i}";
                graph.Initializer.Add(TensorData.FromIntegers(folded, trace.Shape(name), constant));
                node.Input[i] = folded;
                changed = true;
            }
        }
        if (changed) ConstantFolding.DropUnread(graph);
        return changed;
    }

    /// <summary>True when every extent that the inputs leave open had several sizes in the trace.</summary>
    internal static bool Varies(GraphIndex index, ShapeTrace trace) => index.Inputs.All(i => i.Type?.TensorType?.Shape is { } s
        && s.Dim.Take(1).All(d => d.HasDimValue || trace.HasDynamicBatch) && (trace.HasOtherSizes || s.Dim.Skip(1).All(d => d.HasDimValue)));

    static bool ReadsShape(NodeProto node, int input) => (node.OpType, input) switch
    {
        ("Reshape", 1) or ("Expand", 1) or ("Pad", 1) or ("Tile", 1) or ("Resize", 3) => true,
        ("Slice", >= 1) or ("Split", 1) => true,
        _ => false,
    };

    // A comparison on which an If depends; of other logic that If stays.
    static bool Decides(NodeProto node, GraphIndex index) => node.OpType is "Equal" or "Less" or "LessOrEqual" or "Greater" or "GreaterOrEqual" && LeadsToIf(node, index);

    static bool LeadsToIf(NodeProto node, GraphIndex index) => index.Consumers(node.Output[0]).Any(reader =>
        BranchInlining.IsIf(reader) && reader.Input[0] == node.Output[0]
        || reader.IsStandard() && reader.OpType is "Not" or "And" or "Or" or "Xor" or "Cast" or "Identity" or "Squeeze" or "Reshape" && LeadsToIf(reader, index));

    static long[]? Constant(NodeProto node, int input, (long[] First, long[] Second) values, ShapeTrace trace)
    {
        var (first, second) = values;
        if (trace.OtherIntegers(node.Input[input]) is not { } other || second.Length != first.Length || other.Length != first.Length) return null;
        int[] differing = [.. Enumerable.Range(0, first.Length).Where(a => first[a] != second[a] || first[a] != other[a])];
        if (differing.Length == 0) return first;
        if (node.OpType is not ("Reshape" or "Expand")) return null;
        var result = (long[])first.Clone();
        // Sizes of the data itself are kept: 0 for Reshape; 1 for Expand, which counts axes from the right.
        var shift = node.OpType == "Expand" ? first.Length - trace.Shape(node.Input[0]).Length : 0;
        List<int> rest = [];
        foreach (var a in differing)
            if (node.OpType == "Expand" && IsOwn(a)) result[a] = 1;
            else if (node.OpType == "Reshape" && IsOwn(a) && node.Int("allowzero", 0) == 0 && !trace.MayBeAnother(node.Input[0], a, first[a], second[a], other[a])) result[a] = 0;
            else rest.Add(a);
        if (rest.Count == 0) return result;
        if (node.OpType == "Expand" || rest.Count > 1 || first.Contains(-1)) return null;
        result[rest[0]] = -1;
        return result;

        bool IsOwn(int a) => trace.IsAlwaysSize(node.Input[0], a - shift, first[a], second[a], other[a]);
    }

    // True when the value reaches graph inputs only through Shape or Size of what has its size from theirs, and is the same function of them at any batch.
    static bool DependsOnShapesOnly(NodeProto node, GraphIndex index, HiddenSizes hidden, ValueDependence dependence)
    {
        if (node.Output.Any(dependence.OfValues)) return false;
        var pending = new Stack<NodeProto>([node]);
        HashSet<NodeProto> seen = [];
        while (pending.TryPop(out var next))
        {
            if (!seen.Add(next) || next.OpType is "Shape" or "Size") continue;
            if (GraphIndex.Captures(next).Any() || hidden.Has(next)) return false;
            foreach (var name in next.Input.Where(i => i.Length > 0 && index.Initializer(i) is null))
            {
                if (index.Producer(name) is not { } producer) return false;
                pending.Push(producer);
            }
        }
        return true;
    }
}
