using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Rules;

/// <summary>Gradient of the maximum over windows; averages are convolutions by then (<see cref="Restatements"/>).</summary>
static class PoolingGradients
{
    /// <summary>Back to the places that the second output names (the first of equals, as ONNX Runtime chooses).</summary>
    public static void MaxPool(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, shape) = (t.Write, t.Shape(node.Input[0]));
        var flat = w.ScatterAdd([shape.Aggregate(1L, (a, b) => a * b)], w.Reshape(node.Output[1], [-1]), w.Reshape(dy, [-1]), 0);
        return w.Reshape(flat, shape);
    });
}
