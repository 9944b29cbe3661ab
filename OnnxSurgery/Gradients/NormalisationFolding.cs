using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>
/// Moves a frozen batch normalisation into the convolution before it, as nodes: the weights that the convolution reads
/// are computed from its own and those of the normalisation, all of which stay trainable, and the activations are not
/// touched twice. Precondition: convolutions not yet restated.
/// </summary>
static class NormalisationFolding
{
    /// <summary>Rewrites a graph in place.</summary>
    public static void Apply(GraphProto graph, ShapeTrace trace)
    {
        var index = new GraphIndex(graph);
        var nodes = new List<NodeProto>();
        var write = new NodeWriter(nodes, graph);
        var folded = new Dictionary<NodeProto, NodeProto>(ReferenceEqualityComparer.Instance);
        foreach (var norm in graph.Node)
            if (norm is { OpType: "BatchNormalization", Output.Count: 1 } && norm.IsStandard() && norm.Int("training_mode", 0) == 0 && norm.Int("spatial", 1) != 0
                && index.Producer(norm.Input[0]) is { OpType: "Conv" } conv && conv.IsStandard()
                && index.Consumers(norm.Input[0]).Count == 1 && !index.IsOutput(norm.Input[0])
                && norm.Input.Skip(1).Concat(conv.Input.Skip(1)).All(i => i.Length == 0 || index.Initializer(i) is not null))
                folded[conv] = norm;
        if (folded.Count == 0) return;
        HashSet<NodeProto> gone = new(folded.Values, ReferenceEqualityComparer.Instance);
        foreach (var node in graph.Node)
        {
            if (gone.Contains(node)) continue;
            nodes.Add(folded.TryGetValue(node, out var norm) ? Scaled(node, norm, trace, write) : node);
        }
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
    }

    // W' = W s, b' = (b - m) s + beta with s = gamma / sqrt(v + eps)
    static NodeProto Scaled(NodeProto conv, NodeProto norm, ShapeTrace trace, NodeWriter w)
    {
        w.Type = (TensorProto.Types.DataType)trace.ElementType(norm.Output[0]);
        var scale = w.Div(norm.Input[1], w.Unary("Sqrt", w.Add(norm.Input[4], w.Scalar(norm.Float("epsilon", 1e-5f)))));
        var rank = trace.Shape(conv.Input[1]).Length;
        var copy = conv.Clone();
        var shift = RestatementSite.Has(conv, 2) ? w.Sub(conv.Input[2], norm.Input[3]) : w.Neg(norm.Input[3]);
        while (copy.Input.Count < 3) copy.Input.Add("");
        copy.Input[1] = w.Mul(conv.Input[1], w.Reshape(scale, [-1, .. Enumerable.Repeat(1L, rank - 1)]));
        copy.Input[2] = w.Add(w.Mul(shift, scale), norm.Input[2]);
        copy.Output[0] = norm.Output[0];
        // The new weights have no traced shape.
        copy.Set("kernel_shape", trace.Shape(conv.Input[1])[2..]);
        return copy;
    }
}
