using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>Reverse-mode differentiation: one walk from the output to the inputs, one rule per node.</summary>
static class ReverseWalk
{
    /// <summary>Adds the nodes of the gradient to a graph; see <see cref="DifferentiableModel.AddGradients"/>.</summary>
    public static IReadOnlyDictionary<string, string> Run(ModelProto model, ShapeTrace trace, string of, IReadOnlyList<string> with, string? seed)
    {
        var graph = model.Graph;
        foreach (var tensor in with.Append(of))
            if (!IsFloat((DataType)trace.ElementType(tensor)))
                throw new OnnxSurgeryException($"Tensor '{tensor}' holds {(DataType)trace.ElementType(tensor)}, and only float tensors have gradients; take a tensor before it.");
        var reached = Reached(graph, trace, with);
        var path = Path(graph, of).Where(n => n.Input.Any(reached.Contains) && n.Output.Any(reached.Contains)).ToArray();
        if (path.FirstOrDefault(n => GradientRules.For(n) is null) is { } unknown) throw Unknown(graph, path, unknown, of, with);

        var forward = graph.Node.Count;
        var write = new NodeWriter(graph.Node, graph) { Type = (DataType)trace.ElementType(of) };
        var tape = new GradientTape(trace, write, reached);
        tape.Give(of, seed ?? write.Fill(trace.Shape(of), 1));
        foreach (var node in path.Reverse())
        {
            write.Type = (DataType)trace.ElementType(node.Output[0]);
            if (tape.Of(node.Output[0]) is { } dy) GradientRules.For(node)!(node, dy, tape);
        }
        return with.Distinct().ToDictionary(w => w, w =>
        {
            write.Type = (DataType)trace.ElementType(w);
            return tape.Of(w) ?? write.Fill(trace.Shape(w), 0);
        });
    }

    // What changes when one of the tensors does.
    static HashSet<string> Reached(GraphProto graph, ShapeTrace trace, IEnumerable<string> from)
    {
        HashSet<string> reached = [.. from];
        foreach (var node in graph.Node)
        {
            if (GradientRules.IsFlat(node) || !node.Input.Concat(GraphIndex.Captures(node)).Any(reached.Contains)) continue;
            reached.UnionWith(node.Output.Where(o => o.Length > 0 && trace.Shapes.ContainsKey(o) && IsFloat((DataType)trace.ElementType(o))));
        }
        return reached;
    }

    // The nodes that a tensor is computed by, in graph order.
    static IEnumerable<NodeProto> Path(GraphProto graph, string of)
    {
        HashSet<string> needed = [of];
        List<NodeProto> nodes = [];
        foreach (var node in graph.Node.Reverse())
        {
            if (!node.Output.Any(needed.Contains)) continue;
            needed.UnionWith(node.Input);
            nodes.Add(node);
        }
        nodes.Reverse();
        return nodes;
    }

    static OnnxSurgeryException Unknown(GraphProto graph, NodeProto[] path, NodeProto unknown, string of, IReadOnlyList<string> with)
    {
        var name = new NodeNames(graph).Of(unknown);
        var last = Array.FindLastIndex(path, n => GradientRules.For(n) is null);
        var cut = ModelCut.CutsBefore(graph, of, with).FirstOrDefault(c => Array.FindIndex(path, n => n.Output.Contains(c)) >= last);
        var remedy = cut is null || cut == of ? "no cut of the model leaves it out" : $"a head cut at '{cut}' leaves it out";
        return new OnnxSurgeryException($"No gradient is known for {unknown.OpType} '{name}'; {remedy}.");
    }

    static bool IsFloat(DataType type) => type is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16;
}
