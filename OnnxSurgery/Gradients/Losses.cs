using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery;

/// <summary>Losses as further nodes of a graph.</summary>
public static class Losses
{
    /// <summary>
    /// Adds the mean over the examples of T^2 sum over the classes of -target log softmax(logits / T). With one-hot
    /// targets and T = 1 this is the usual cross-entropy; with a teacher's softmax at temperature T it is the
    /// distillation loss (KL divergence up to a constant).
    /// </summary>
    /// <param name="model">The graph.</param>
    /// <param name="logits">A tensor [examples, classes].</param>
    /// <param name="targets">Name of the new input that takes the target probabilities, [examples, classes].</param>
    /// <param name="temperature">T.</param>
    /// <returns>Name of the loss, a number.</returns>
    /// <exception cref="OnnxSurgeryException">The logits are no matrix.</exception>
    public static string AddCrossEntropy(DifferentiableModel model, string logits, string targets = "targets", double temperature = 1)
    {
        var (shape, w) = AddTargets(model, logits, targets);
        var scores = w.Emit("LogSoftmax", [w.Scale(logits, 1 / temperature)], n => n.Set("axis", 1));
        var loss = w.Scale(w.ReduceSum(w.Mul(targets, scores), [0, 1], keep: false), -temperature * temperature / shape[0]);
        model.Changed();
        return loss;
    }

    /// <summary>
    /// Adds the mean over the examples of max(0, largest other log-probability - log-probability of the target), the loss
    /// of an edit (Sinitsin et al., 2020): zero once the target leads. The normalisers of the two cancel, so that it is
    /// computed from the logits.
    /// </summary>
    /// <param name="model">The graph.</param>
    /// <param name="logits">A tensor [examples, classes].</param>
    /// <param name="targets">Name of the new input that takes one-hot targets, [examples, classes].</param>
    /// <returns>Name of the loss, a number.</returns>
    /// <exception cref="OnnxSurgeryException">The logits are no matrix.</exception>
    public static string AddMargin(DifferentiableModel model, string logits, string targets = "targets")
    {
        var (shape, w) = AddTargets(model, logits, targets);
        const double Never = -1e30;
        var other = w.Emit("ReduceMax", [w.Add(logits, w.Scale(targets, Never))], n =>
        {
            n.Set("axes", (long[])[1]);
            n.Set("keepdims", 0L);
        });
        var lead = w.Unary("Relu", w.Sub(other, w.ReduceSum(w.Mul(logits, targets), [1], keep: false)));
        var loss = w.Scale(w.ReduceSum(lead, [0], keep: false), 1.0 / shape[0]);
        model.Changed();
        return loss;
    }

    static (long[] Shape, NodeWriter Write) AddTargets(DifferentiableModel model, string logits, string targets)
    {
        var shape = model.Trace.Shape(logits);
        if (shape.Length != 2)
            throw new OnnxSurgeryException($"Tensor '{logits}' has shape [{string.Join(',', shape)}]; class scores of shape [examples, classes] are needed.");
        var type = new TypeProto.Types.Tensor { ElemType = (int)model.Trace.ElementType(logits), Shape = new TensorShapeProto() };
        type.Shape.Dim.AddRange(shape.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        var graph = model.Proto.Graph;
        graph.Input.Add(new ValueInfoProto { Name = targets, Type = new TypeProto { TensorType = type } });
        return (shape, new NodeWriter(graph.Node, graph) { Type = (DataType)type.ElemType });
    }
}
