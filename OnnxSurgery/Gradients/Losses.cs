using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>Losses as further nodes of a graph.</summary>
static class Losses
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
        var behind = w.Unary("Relu", w.Neg(Lead(w, logits, targets)));
        var loss = w.Scale(w.ReduceSum(behind, [0], keep: false), 1.0 / shape[0]);
        model.Changed();
        return loss;
    }

    /// <summary>
    /// Adds the sum over some tensors of their elements times those of new inputs. If the tensors are the gradient of a loss,
    /// the gradient of this is the product of the loss's second derivatives with the inputs.
    /// </summary>
    /// <param name="model">The graph.</param>
    /// <param name="tensors">Tensors of float32.</param>
    /// <param name="vectors">Names of the new inputs, one per tensor and of its shape.</param>
    /// <returns>Name of the sum, a number.</returns>
    public static string AddInnerProduct(DifferentiableModel model, IReadOnlyList<string> tensors, IReadOnlyList<string> vectors)
    {
        var graph = model.Proto.Graph;
        var w = new NodeWriter(graph.Node, graph);
        string? sum = null;
        for (var i = 0; i < tensors.Count; i++)
        {
            var shape = model.Trace.Shape(tensors[i]);
            AddInput(graph, vectors[i], (int)model.Trace.ElementType(tensors[i]), shape);
            var part = w.ReduceSum(w.Mul(tensors[i], vectors[i]), [.. Enumerable.Range(0, shape.Length).Select(a => (long)a)], keep: false);
            sum = sum is null ? part : w.Add(sum, part);
        }
        model.Changed();
        return sum ?? throw new ArgumentException("There are no tensors.", nameof(tensors));
    }

    /// <summary>Adds a number per example that says how well it is answered, for attributions.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="logits">A tensor [examples, classes].</param>
    /// <param name="answer">Which number.</param>
    /// <param name="targets">Name of the new input that takes one-hot targets, [examples, classes].</param>
    /// <returns>Name of the answers, [examples].</returns>
    /// <exception cref="OnnxSurgeryException">The logits are no matrix.</exception>
    public static string AddAnswer(DifferentiableModel model, string logits, AnswerKind answer, string targets = "targets")
    {
        var (_, w) = AddTargets(model, logits, targets);
        var own = w.ReduceSum(w.Mul(logits, targets), [1], keep: false);
        var result = answer switch
        {
            AnswerKind.Margin => Lead(w, logits, targets),
            AnswerKind.Logit => own,
            AnswerKind.LogOdds => w.Sub(own, LogSumExp(w, w.Add(logits, w.Scale(targets, Never)))),
            _ => w.Sub(LogSumExp(w, logits), own),
        };
        model.Changed();
        return result;
    }

    const double Never = -1e30;

    // The target's logit less the largest other one, [examples].
    static string Lead(NodeWriter w, string logits, string targets) =>
        w.Sub(w.ReduceSum(w.Mul(logits, targets), [1], keep: false), Largest(w, w.Add(logits, w.Scale(targets, Never)), keep: false));

    static string LogSumExp(NodeWriter w, string x)
    {
        var largest = Largest(w, x, keep: true);
        var sum = w.ReduceSum(w.Unary("Exp", w.Sub(x, largest)), [1], keep: true);
        return w.ReduceSum(w.Add(w.Unary("Log", sum), largest), [1], keep: false);
    }

    static string Largest(NodeWriter w, string x, bool keep) => w.Emit("ReduceMax", [x], n =>
    {
        n.Set("axes", (long[])[1]);
        n.Set("keepdims", keep ? 1L : 0L);
    });

    static (long[] Shape, NodeWriter Write) AddTargets(DifferentiableModel model, string logits, string targets)
    {
        var shape = model.Trace.Shape(logits);
        if (shape.Length != 2)
            throw new OnnxSurgeryException($"Tensor '{logits}' has shape [{string.Join(',', shape)}]; class scores of shape [examples, classes] are needed.");
        var graph = model.Proto.Graph;
        var type = (int)model.Trace.ElementType(logits);
        AddInput(graph, targets, type, shape);
        return (shape, new NodeWriter(graph.Node, graph) { Type = (DataType)type });
    }

    internal static void AddInput(GraphProto graph, string name, int elementType, long[] shape)
    {
        var type = new TypeProto.Types.Tensor { ElemType = elementType, Shape = new TensorShapeProto() };
        type.Shape.Dim.AddRange(shape.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        graph.Input.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } });
    }
}
