using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery;

/// <summary>
/// Replaces shapes that a graph computes from its input's shape (Shape, Gather, Concat ... into Reshape) by
/// constants, where tracing at two batch sizes shows them constant but for the batch. Does nothing where
/// more than the batch is open, or the batch was not varied. Changes the graph in place.
/// </summary>
public static class ShapeFolding
{
    /// <summary>Folds; true when the graph changed.</summary>
    public static bool Apply(ModelProto model, ShapeTrace trace)
    {
        var graph = model.Graph;
        var index = new GraphIndex(graph);
        if (index.Inputs.Any(i => i.Type?.TensorType?.Shape is not { } s || s.Dim.Skip(trace.HasDynamicBatch ? 1 : 0).Any(d => !d.HasDimValue))) return false;
        var changed = false;
        for (var n = 0; n < graph.Node.Count; n++)
        {
            var node = graph.Node[n];
            for (var i = 0; i < node.Input.Count; i++)
            {
                var name = node.Input[i];
                if (name.Length == 0 || index.Initializer(name) is not null || index.Producer(name) is not { } producer
                    || !node.IsStandard() || !ReadsShape(node, i) || trace.Integers(name) is not { } values
                    || !DependsOnShapesOnly(producer, index, trace)) continue;
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

    static bool ReadsShape(NodeProto node, int input) => (node.OpType, input) switch
    {
        ("Reshape", 1) or ("Expand", 1) or ("Pad", 1) or ("Tile", 1) or ("Resize", 3) => true,
        ("Slice", >= 1) or ("Split", 1) => true,
        _ => false,
    };

    static long[]? Constant(NodeProto node, int input, (long[] First, long[] Second) values, ShapeTrace trace)
    {
        if (values.First.SequenceEqual(values.Second)) return values.First;
        if (node.OpType == "Expand") return Expanded(node.Input[0], values, trace);
        if (node.OpType != "Reshape" || values.First.Length != values.Second.Length) return null;
        var differing = Enumerable.Range(0, values.First.Length).Where(a => values.First[a] != values.Second[a]).ToArray();
        if (differing.Length != 1) return null;
        var axis = differing[0];
        var result = (long[])values.First.Clone();
        if (trace.BatchAxis(node.Input[0]) == axis && values.First[axis] == trace.Shape(node.Input[0])[axis]
            && node.Int("allowzero", 0) == 0) result[axis] = 0;
        else if (!values.First.Contains(-1)) result[axis] = -1;
        else return null;
        return result;
    }

    // A size that follows the batch of the input itself is a 1 for Expand: keep what is there.
    static long[]? Expanded(string input, (long[] First, long[] Second) values, ShapeTrace trace)
    {
        if (values.First.Length != values.Second.Length) return null;
        var shape = trace.Shape(input);
        var result = (long[])values.First.Clone();
        for (var a = 0; a < result.Length; a++)
        {
            if (values.First[a] == values.Second[a]) continue;
            var own = a - (result.Length - shape.Length);
            if (own < 0 || trace.BatchAxis(input) != own || shape[own] != values.First[a]) return null;
            result[a] = 1;
        }
        return result;
    }

    // True when the value reaches graph inputs only through Shape or Size, and is the same function of them at any batch.
    static bool DependsOnShapesOnly(NodeProto node, GraphIndex index, ShapeTrace trace)
    {
        var pending = new Stack<NodeProto>([node]);
        HashSet<NodeProto> seen = [];
        while (pending.TryPop(out var next))
        {
            if (!seen.Add(next) || next.OpType is "Shape" or "Size") continue;
            if (GraphIndex.Captures(next).Any() || trace.HidesBatch(next)) return false;
            foreach (var name in next.Input.Where(i => i.Length > 0 && index.Initializer(i) is null))
            {
                if (index.Producer(name) is not { } producer) return false;
                pending.Push(producer);
            }
        }
        return true;
    }
}
