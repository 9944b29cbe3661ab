using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Turns every sub-graph that depends on no input into initializers, by running it once in ONNX Runtime with all
/// optimisations off, and drops nodes nobody reads. Real exports compute pads, shapes and slices that way.
/// Precondition: nodes in topological order. Changes the graph in place.
/// </summary>
static class ConstantFolding
{
    /// <summary>ConstantOfShape outputs above this stay nodes here; <see cref="ConstantFills"/> knows how to give them back.</summary>
    public const int LargestFill = 1024;

    static readonly HashSet<string> NotDeterministic =
        ["RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli"];

    /// <summary>True when a node draws random numbers.</summary>
    public static bool IsRandom(NodeProto node) => NotDeterministic.Contains(node.OpType);

    /// <summary>Folds; true when the graph changed.</summary>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime cannot run a constant sub-graph.</exception>
    public static bool Apply(ModelProto model)
    {
        var graph = model.Graph;
        var before = graph.Node.Count;
        SparseTensors.Expand(graph);
        ConstantNodesToInitializers(graph);
        FoldComputed(model);
        DropUnread(graph);
        return graph.Node.Count != before;
    }

    /// <summary>Drops nodes and initializers that neither a node, a sub-graph nor an output reads.</summary>
    public static void DropUnread(GraphProto graph)
    {
        var read = graph.Output.Select(o => o.Name).ToHashSet();
        for (var i = graph.Node.Count - 1; i >= 0; i--)
        {
            var node = graph.Node[i];
            if (!node.Output.Any(read.Contains))
            {
                graph.Node.RemoveAt(i);
                continue;
            }
            read.UnionWith(node.Input);
            read.UnionWith(GraphIndex.Captures(node));
        }
        for (var i = graph.Initializer.Count - 1; i >= 0; i--)
        {
            var name = graph.Initializer[i].Name;
            if (read.Contains(name)) continue;
            graph.Initializer.RemoveAt(i);
            // Without its initializer a listed input would have to be fed.
            if (graph.Input.FirstOrDefault(input => input.Name == name) is { } listed) graph.Input.Remove(listed);
        }
        for (var i = graph.QuantizationAnnotation.Count - 1; i >= 0; i--)
            if (!read.Contains(graph.QuantizationAnnotation[i].TensorName)) graph.QuantizationAnnotation.RemoveAt(i);
    }

    static void ConstantNodesToInitializers(GraphProto graph)
    {
        for (var i = 0; i < graph.Node.Count; i++)
        {
            var node = graph.Node[i];
            if (node.OpType != "Constant" || !node.IsStandard() || Value(node) is not { } tensor) continue;
            tensor.Name = node.Output[0];
            graph.Initializer.Add(tensor);
            graph.Node.RemoveAt(i--);
        }
    }

    static TensorProto? Value(NodeProto node)
    {
        if (node.Attribute.Count != 1) return null;
        var a = node.Attribute[0];
        return a.Name switch
        {
            "value" => a.T?.Clone(),
            "sparse_value" when a.SparseTensor is not null => SparseTensors.Dense(a.SparseTensor),
            "value_int" => TensorData.FromIntegers("", [], [a.I]),
            "value_ints" => TensorData.FromIntegers("", [a.Ints.Count], a.Ints.ToArray()),
            "value_float" => TensorData.FromFloats("", [], [a.F]),
            "value_floats" => TensorData.FromFloats("", [a.Floats.Count], a.Floats.ToArray()),
            _ => null,
        };
    }

    static void FoldComputed(ModelProto model)
    {
        var graph = model.Graph;
        var known = graph.Initializer.Select(t => t.Name).ToHashSet();
        // Overridable initializers are inputs of the model: what depends on them is not constant. Before IR version 4
        // every initializer had to be listed as an input, so that the list says nothing.
        if (model.IrVersion >= 4)
            foreach (var i in graph.Input) known.Remove(i.Name);
        // Strings are left alone: nothing that matters here is made of them.
        known.ExceptWith(graph.Initializer.Where(t => t.DataType == (int)DataType.String).Select(t => t.Name));
        var initializers = known.ToHashSet();
        List<NodeProto> fold = [];
        foreach (var node in graph.Node)
        {
            // Behind a DequantizeLinear quantised weights would be stored at full width.
            if (!node.IsStandard() || node.OpType == "DequantizeLinear" || IsRandom(node) || node.Input.Count == 0
                || (node.OpType == "Cast" && node.Int("to", 0) == (int)DataType.String)
                || node.Attribute.Any(a => a.Type is AttributeType.Graph or AttributeType.Graphs)
                || !node.Input.All(i => i.Length == 0 || known.Contains(i)) || IsLargeFill(node, graph)) continue;
            // Weights that pass through a Reshape, Transpose or Cast stay traceable to their initializer only
            // while they are initializers themselves, so these are folded as well.
            fold.Add(node);
            known.UnionWith(node.Output);
        }
        if (fold.Count == 0) return;

        var folded = fold.ToHashSet();
        var wanted = Wanted(graph, folded);
        if (wanted.Count > 0)
        {
            if (Run(model, fold, initializers, wanted) is not { } tensors) return;
            graph.Initializer.AddRange(tensors);
        }
        for (var i = graph.Node.Count - 1; i >= 0; i--)
            if (folded.Contains(graph.Node[i])) graph.Node.RemoveAt(i);
    }

    static bool IsLargeFill(NodeProto node, GraphProto graph)
    {
        if (node.OpType != "ConstantOfShape") return false;
        var shape = graph.Initializer.FirstOrDefault(t => t.Name == node.Input[0]);
        return shape is null || TensorData.Integers(shape).Aggregate(4L, (n, d) => n * d) > LargestFill;
    }

    static HashSet<string> Wanted(GraphProto graph, HashSet<NodeProto> folded)
    {
        var made = folded.SelectMany(n => n.Output).Where(o => o.Length > 0).ToHashSet();
        HashSet<string> wanted = [.. graph.Output.Select(o => o.Name).Where(made.Contains)];
        foreach (var node in graph.Node.Where(n => !folded.Contains(n)))
            wanted.UnionWith(node.Input.Concat(GraphIndex.Captures(node)).Where(made.Contains));
        return wanted;
    }

    // Null when the results would not fit into memory; the nodes then stay.
    static List<TensorProto>? Run(ModelProto model, List<NodeProto> nodes, HashSet<string> initializers, HashSet<string> wanted)
    {
        var small = new ModelProto { IrVersion = model.IrVersion, Graph = new GraphProto { Name = "constants" } };
        small.OpsetImport.AddRange(model.OpsetImport.Select(o => o.Clone()));
        small.Graph.Node.AddRange(nodes.Select(n => n.Clone()));
        var read = nodes.SelectMany(n => n.Input).Where(initializers.Contains).ToHashSet();
        small.Graph.Initializer.AddRange(model.Graph.Initializer.Where(t => read.Contains(t.Name)));
        var names = wanted.Order(StringComparer.Ordinal).ToArray();
        // All of them are outputs, so that their sizes are known before anything is run.
        foreach (var name in nodes.SelectMany(n => n.Output).Where(o => o.Length > 0)) small.Graph.Output.Add(new ValueInfoProto { Name = name });

        using var session = OrtRuntime.CreateSession(small, optimise: false);
        if (!TraceRoom.MayBeStored(session)) return null;
        using var options = new RunOptions();
        try
        {
            using var results = session.Run(options, [], [], names);
            return [.. names.Select((name, i) => OrtTensors.ToProto(results[i], name))];
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxSurgeryException($"ONNX Runtime cannot run the model's constant part: {OrtRuntime.FirstLine(e.Message)}", e);
        }
    }
}
