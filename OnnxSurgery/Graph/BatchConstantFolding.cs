using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Replaces tensors that a graph computes from shapes alone: those that come out the same at two batch sizes (and at
/// other sizes of open extents) by constants (the scale 1/sqrt(D) of an attention, positions), and floats that only
/// repeat along the batch (a class token) by an Expand of a constant. Precondition: traced, and every open extent of the
/// inputs varied. Changes the graph in place.
/// </summary>
static class BatchConstantFolding
{
    /// <summary>Folds; true when the graph changed.</summary>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime cannot run the part that depends on shapes alone.</exception>
    public static bool Apply(ModelProto model, ShapeTrace trace)
    {
        var graph = model.Graph;
        var index = new GraphIndex(graph);
        if (index.Inputs.Any(i => i.Type?.TensorType?.Shape is not { } s || (!trace.HasOtherSizes && s.Dim.Skip(1).Any(d => !d.HasDimValue)))) return false;
        var (sources, computed) = ShapePart(graph, index, trace);
        var wanted = computed.SelectMany(n => n.Output).Where(o => o.Length > 0 && IsFrontier(o, index, computed)).ToArray();
        if (wanted.Length == 0) return false;

        var first = Run(model, computed, sources, wanted, trace, s => trace.Integers(s)!.Value.First);
        var second = trace.HasDynamicBatch ? Run(model, computed, sources, wanted, trace, s => trace.Integers(s)!.Value.Second) : first;
        var other = trace.HasOtherSizes ? Run(model, computed, sources, wanted, trace, s => trace.OtherIntegers(s)!) : first;
        var batched = index.Inputs.FirstOrDefault(i => i.Type.TensorType.Shape.Dim is [{ HasDimValue: false }, ..]);
        var changed = false;
        for (var i = 0; i < wanted.Length; i++)
        {
            var (a, b) = (first[i], second[i]);
            if (TensorData.ElementCount(a) * 4 > ConstantFolding.LargestFill || !AreEqual(a, other[i])) continue;
            if (AreEqual(a, b))
            {
                Replace(graph, wanted[i]);
                graph.Initializer.Add(a);
                changed = true;
            }
            else if (batched is not null && !IsRepeated(wanted[i], index, trace) && Row(a, b) is { } row)
            {
                Replace(graph, wanted[i]);
                Repeat(graph, wanted[i], row, batched.Name);
                changed = true;
            }
        }
        if (changed) ConstantFolding.DropUnread(graph);
        return changed;
    }

    static bool AreEqual(TensorProto a, TensorProto b) =>
        a.Dims.SequenceEqual(b.Dims) && TensorData.Bytes(a).AsSpan().SequenceEqual(TensorData.Bytes(b));

    // Nodes whose values depend on shapes alone, and the Shape outputs that they start from.
    static (HashSet<string> Sources, HashSet<NodeProto> Computed) ShapePart(GraphProto graph, GraphIndex index, ShapeTrace trace)
    {
        HashSet<string> sources = [], known = [];
        HashSet<NodeProto> computed = new(ReferenceEqualityComparer.Instance);
        var dependence = new ValueDependence(index);
        var hidden = new HiddenSizes(index, trace);
        foreach (var node in graph.Node)
        {
            if (!node.IsStandard() || node.Output.Count(o => o.Length > 0) == 0 || node.Output.Any(dependence.OfValues)) continue;
            if (node.OpType is "Shape" or "Size" && trace.Integers(node.Output[0]) is not null) sources.Add(node.Output[0]);
            else if (!node.Input.Where(i => i.Length > 0).Any(i => sources.Contains(i) || known.Contains(i))
                || !node.Input.All(i => i.Length == 0 || sources.Contains(i) || known.Contains(i) || index.Initializer(i) is not null && index.Inputs.All(n => n.Name != i))
                || ConstantFolding.IsRandom(node) || hidden.Has(node) || GraphIndex.Captures(node).Any() || node.Attribute.Any(a => a.G is not null)) continue;
            else computed.Add(node);
            if (!sources.Contains(node.Output[0])) known.UnionWith(node.Output);
        }
        return (sources, computed);
    }

    static bool IsFrontier(string tensor, GraphIndex index, HashSet<NodeProto> computed) =>
        !index.IsOutput(tensor) && !index.IsCaptured(tensor) && index.Consumers(tensor).Any(c => !computed.Contains(c));

    // An Expand of a constant along the batch alone already is the form that this pass makes.
    static bool IsRepeated(string tensor, GraphIndex index, ShapeTrace trace) =>
        index.Producer(tensor) is { OpType: "Expand" } expand && index.Initializer(expand.Input[0]) is not null
        && trace.Integers(expand.Input[1]) is var (target, _) && target.Skip(1).All(d => d == 1);

    static List<TensorProto> Run(ModelProto model, HashSet<NodeProto> computed, HashSet<string> sources, string[] wanted, ShapeTrace trace, Func<string, long[]> values)
    {
        var part = new ModelProto { IrVersion = model.IrVersion, Graph = new GraphProto { Name = "shapes" } };
        part.OpsetImport.AddRange(model.OpsetImport.Select(o => o.Clone()));
        part.Graph.Node.AddRange(model.Graph.Node.Where(computed.Contains).Select(n => n.Clone()));
        var read = part.Graph.Node.SelectMany(n => n.Input).ToHashSet();
        part.Graph.Initializer.AddRange(model.Graph.Initializer.Where(t => read.Contains(t.Name)));
        foreach (var source in sources.Where(read.Contains).Order(StringComparer.Ordinal))
        {
            part.Graph.Initializer.Add(TensorData.FromIntegers(source, trace.Shape(source), values(source)));
        }
        foreach (var name in wanted) part.Graph.Output.Add(new ValueInfoProto { Name = name });
        using var session = OrtRuntime.CreateSession(part, optimise: false);
        using var options = new RunOptions();
        try
        {
            using var results = session.Run(options, [], [], wanted);
            return [.. wanted.Select((name, i) => OrtTensors.ToProto(results[i], name))];
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxSurgeryException($"ONNX Runtime cannot run the part of the model that depends on shapes alone: {OrtRuntime.FirstLine(e.Message)}", e);
        }
    }

    // The one row that a float tensor repeats along its first axis at both batch sizes, or null.
    static TensorProto? Row(TensorProto a, TensorProto b)
    {
        if (!TensorData.IsFloat(a) || a.Dims.Count < 2 || a.Dims[0] == b.Dims[0] || !a.Dims.Skip(1).SequenceEqual(b.Dims.Skip(1)) || a.Dims[0] < 1) return null;
        var (x, y) = (TensorData.Bytes(a), TensorData.Bytes(b));
        var length = (int)(x.Length / a.Dims[0]);
        for (var at = 0; at < x.Length; at += length)
            if (!x.AsSpan(at, length).SequenceEqual(x.AsSpan(0, length))) return null;
        for (var at = 0; at < y.Length; at += length)
            if (!y.AsSpan(at, length).SequenceEqual(x.AsSpan(0, length))) return null;
        var row = new TensorProto { DataType = a.DataType, RawData = Google.Protobuf.ByteString.CopyFrom(x.AsSpan(0, length)) };
        row.Dims.AddRange([1L, .. a.Dims.Skip(1)]);
        return row;
    }

    // The computed node stays for its other readers, under another name for its output.
    static void Replace(GraphProto graph, string tensor)
    {
        foreach (var node in graph.Node)
            for (var o = 0; o < node.Output.Count; o++)
                if (node.Output[o] == tensor) node.Output[o] = $"{tensor}_computed";
    }

    static void Repeat(GraphProto graph, string tensor, TensorProto row, string input)
    {
        row.Name = $"{tensor}_row";
        graph.Initializer.Add(row);
        graph.Initializer.Add(TensorData.FromIntegers($"{tensor}_first", [1], [0]));
        graph.Initializer.Add(TensorData.FromIntegers($"{tensor}_ones", [row.Dims.Count - 1], [.. Enumerable.Repeat(1L, row.Dims.Count - 1)]));
        var concat = NodeAttributes.Node("Concat", [$"{tensor}_batch", $"{tensor}_ones"], [$"{tensor}_shape"]);
        concat.Set("axis", 0L);
        NodeProto[] nodes =
        [
            NodeAttributes.Node("Shape", [input], [$"{tensor}_of_input"]),
            NodeAttributes.Node("Gather", [$"{tensor}_of_input", $"{tensor}_first"], [$"{tensor}_batch"]),
            concat,
            NodeAttributes.Node("Expand", [row.Name, $"{tensor}_shape"], [tensor]),
        ];
        for (var i = 0; i < nodes.Length; i++) graph.Node.Insert(i, nodes[i]);
    }
}
