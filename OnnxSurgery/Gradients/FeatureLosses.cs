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
    /// <param name="positions">A tensor [examples, positions] that is 0 where the tensor, [examples, positions, ...], does not count; its target is to be 0 there. Null: all of it counts.</param>
    /// <param name="squares">A number to divide by in place of the squares of the target; null: those.</param>
    /// <param name="border">Where numbers of another kind begin, an axis and an index: the errors of both kinds are then added, each relative to its own squares; null: all are of one kind.</param>
    /// <returns>Name of the loss, a number.</returns>
    public static string AddRelativeError(DifferentiableModel model, string tensor, string target, FeatureComparison comparison, string? positions = null, double? squares = null, (int Axis, int From)? border = null)
    {
        var graph = model.Proto.Graph;
        var (shape, type) = (model.Trace.Shape(tensor), (int)model.Trace.ElementType(tensor));
        var w = new NodeWriter(graph.Node, graph) { Type = (DataType)type };
        var compared = positions is null ? tensor : w.Mul(tensor, Weights(w, positions, shape));
        if (comparison == FeatureComparison.Similarities) (compared, shape) = (Similarities(w, compared, shape), [shape[0], shape[0]]);
        Losses.AddInput(graph, target, type, shape);
        long[] all = [.. Enumerable.Range(0, shape.Length)];
        var difference = w.Sub(compared, target);
        var loss = border is not var (axis, from) ? Relative(difference, target)
            : w.Add(Relative(Part(difference, axis, 0, from), Part(target, axis, 0, from)), Relative(Part(difference, axis, from, shape[axis]), Part(target, axis, from, shape[axis])));
        model.Changed();
        return loss;

        string Squares(string x) => w.ReduceSum(w.Mul(x, x), all, keep: false);
        string Relative(string error, string wanted) => w.Div(Squares(error), squares is { } given ? w.Scalar(Math.Max(given, Least)) : w.Add(Squares(wanted), w.Scalar(Least)));
        string Part(string x, int along, long start, long end) => w.Slice(x, [start], [end], [along], [1]);
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

    // 1 where a position counts, with axes of length 1 behind.
    static string Weights(NodeWriter w, string positions, long[] shape) =>
        w.Reshape(w.Number(w.Cast(positions, DataType.Bool)), [shape[0], shape[1], .. Enumerable.Repeat(1L, shape.Length - 2)]);

    static string Similarities(NodeWriter w, string tensor, long[] shape)
    {
        var rows = w.Reshape(tensor, [shape[0], shape[1..].Aggregate(1L, (a, b) => a * b)]);
        var products = w.MatMul(rows, w.Transpose(rows, 1, 0));
        var length = w.Unary("Sqrt", w.Add(w.ReduceSum(w.Mul(products, products), [1], keep: true), w.Scalar(Least)));
        return w.Div(products, length);
    }
}
