using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>What a gradient rule sees of the reverse walk: shapes, the gradient that arrives, and where to put what it makes of it.</summary>
/// <param name="trace">Shapes of the forward graph.</param>
/// <param name="writer">Writes the gradient's nodes.</param>
/// <param name="wanted">Tensors that the gradient must reach.</param>
sealed class GradientTape(ShapeTrace trace, NodeWriter writer, IReadOnlySet<string> wanted)
{
    readonly Dictionary<string, string> _sum = [];

    /// <summary>Writes nodes.</summary>
    public NodeWriter Write => writer;

    /// <summary>Shape of a tensor of the forward graph.</summary>
    public long[] Shape(string tensor) => trace.Shape(tensor);

    /// <summary>Element type of a tensor of the forward graph.</summary>
    public DataType Type(string tensor) => (DataType)trace.ElementType(tensor);

    /// <summary>Values of a constant integer tensor (axes, pads, indices of a slice).</summary>
    /// <exception cref="OnnxSurgeryException">It is computed while the model runs, or large.</exception>
    public long[] Integers(string tensor) => trace.Integers(tensor)?.First
        ?? throw new OnnxSurgeryException($"Tensor '{tensor}' would have to be a constant for a gradient to pass the operator that reads it; fold the model first.");

    /// <summary>True when the gradient of an input is needed.</summary>
    public bool Wants(NodeProto node, int input) => input < node.Input.Count && wanted.Contains(node.Input[input]);

    /// <summary>The gradient of a tensor as far as it is known, or null when nothing has reached it.</summary>
    public string? Of(string tensor) => _sum.GetValueOrDefault(tensor);

    /// <summary>Adds to the gradient of a tensor something that has its shape.</summary>
    public void Give(string tensor, string gradient) =>
        _sum[tensor] = _sum.TryGetValue(tensor, out var sum) ? writer.Add(sum, gradient) : gradient;

    /// <summary>Adds to the gradient of an input something that has its shape; does nothing if the input's gradient is not needed.</summary>
    public void Give(NodeProto node, int input, Func<string> gradient)
    {
        if (Wants(node, input)) Give(node.Input[input], gradient());
    }

    /// <summary>The same for something that has the shape of the node's output, to which the input was broadcast.</summary>
    public void GiveBroadcast(NodeProto node, int input, Func<string> gradient) =>
        Give(node, input, () => Fit(gradient(), Shape(node.Output[0]), Shape(node.Input[input])));

    /// <summary>Sums what was broadcast: from a shape back to the one that was broadcast to it.</summary>
    public string Fit(string gradient, long[] from, long[] to)
    {
        if (from.SequenceEqual(to)) return gradient;
        var lead = from.Length - to.Length;
        long[] axes = [.. Enumerable.Range(0, from.Length).Where(a => from[a] != (a < lead ? 1 : to[a - lead])).Select(a => (long)a)];
        if (axes.Length > 0) gradient = writer.ReduceSum(gradient, axes, keep: true);
        return lead > 0 ? writer.Reshape(gradient, to) : gradient;
    }
}
