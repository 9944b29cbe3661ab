using OnnxEdit.Surgery.Graph;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>What a tensor inside a network is compared with that of a teacher by.</summary>
enum FeatureComparison
{
    /// <summary>Element by element, for tensors of the same shape (Romero et al., 2015, FitNets, without a regressor).</summary>
    Elements,

    /// <summary>
    /// How alike the examples of a batch are: F F' of the features F, [examples, features], its rows of length 1 (Tung and
    /// Mori, 2019). Does not ask for the same number of channels.
    /// </summary>
    Similarities,
}

/// <summary>Losses that compare tensors inside a network with targets.</summary>
static class FeatureLosses
{
    /// <summary>Keeps rows of zeros, which have no direction, from dividing by zero.</summary>
    const double Least = 1e-12;

    /// <summary>
    /// Adds the squared error of a tensor, or of its similarities, relative to the squares of the target:
    /// |x - t|^2 / |t|^2, so that layers of any scale count alike.
    /// </summary>
    /// <param name="model">The graph.</param>
    /// <param name="tensor">A tensor whose first dimension is the example.</param>
    /// <param name="target">Name of the new input that takes t: of the tensor's shape, or [examples, examples].</param>
    /// <param name="comparison">What is compared.</param>
    /// <returns>Name of the loss, a number.</returns>
    public static string AddRelativeError(DifferentiableModel model, string tensor, string target, FeatureComparison comparison)
    {
        var graph = model.Proto.Graph;
        var (shape, type) = (model.Trace.Shape(tensor), (int)model.Trace.ElementType(tensor));
        var w = new NodeWriter(graph.Node, graph) { Type = (DataType)type };
        var compared = tensor;
        if (comparison == FeatureComparison.Similarities) (compared, shape) = (Similarities(w, tensor, shape), [shape[0], shape[0]]);
        Losses.AddInput(graph, target, type, shape);
        long[] all = [.. Enumerable.Range(0, shape.Length)];
        var difference = w.Sub(compared, target);
        var loss = w.Div(w.ReduceSum(w.Mul(difference, difference), all, keep: false), w.Add(w.ReduceSum(w.Mul(target, target), all, keep: false), w.Scalar(Least)));
        model.Changed();
        return loss;
    }

    /// <summary>Adds a weighted sum of losses.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="loss">A loss.</param>
    /// <param name="weight">Weight of each of the others.</param>
    /// <param name="others">The others.</param>
    /// <returns>Name of the sum, a number.</returns>
    public static string AddSum(DifferentiableModel model, string loss, double weight, IEnumerable<string> others)
    {
        var graph = model.Proto.Graph;
        var w = new NodeWriter(graph.Node, graph) { Type = (DataType)(int)model.Trace.ElementType(loss) };
        foreach (var other in others) loss = w.Add(loss, w.Scale(other, weight));
        model.Changed();
        return loss;
    }

    static string Similarities(NodeWriter w, string tensor, long[] shape)
    {
        var rows = w.Reshape(tensor, [shape[0], shape[1..].Aggregate(1L, (a, b) => a * b)]);
        var products = w.MatMul(rows, w.Transpose(rows, 1, 0));
        var length = w.Unary("Sqrt", w.Add(w.ReduceSum(w.Mul(products, products), [1], keep: true), w.Scalar(Least)));
        return w.Div(products, length);
    }
}
