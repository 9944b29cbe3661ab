using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>A node with the shapes of what it reads and makes.</summary>
/// <param name="node">The node.</param>
/// <param name="shape">The shape of a tensor; null when unknown.</param>
/// <param name="isConstant">Whether a tensor is stored in the model.</param>
sealed class NodeSizes(NodeProto node, Func<string, IReadOnlyList<long>?> shape, Func<string, bool> isConstant)
{
    /// <summary>The node.</summary>
    public NodeProto Node => node;

    /// <summary>True where the node has that input.</summary>
    public bool Has(int input) => input < node.Input.Count && node.Input[input].Length > 0;

    /// <summary>True where that input is stored in the model.</summary>
    public bool IsConstant(int input) => isConstant(node.Input[input]);

    /// <summary>Shape of an input.</summary>
    /// <exception cref="UnknownSizeException">It is not known.</exception>
    public IReadOnlyList<long> Input(int input) => Shape(Has(input) ? node.Input[input] : "");

    /// <summary>Shape of an output; null where the node does not make it.</summary>
    /// <exception cref="UnknownSizeException">It is not known.</exception>
    public IReadOnlyList<long>? Output(int output) => output < node.Output.Count && node.Output[output].Length > 0 ? Shape(node.Output[output]) : null;

    /// <summary>All elements of an input.</summary>
    public WholeInput Whole(int input) => new(input, Input(input).Aggregate(1L, (a, b) => a * b));

    /// <summary>One axis of an input.</summary>
    public AxisOf InputAxis(int input, Index axis) => Axis(node.Input[input], axis);

    /// <summary>All axes of an input but some.</summary>
    public IEnumerable<AxisOf> InputAxes(int input, params int[] without) => Axes(Has(input) ? node.Input[input] : "", without);

    /// <summary>All axes of the first output but some.</summary>
    public IEnumerable<AxisOf> OutputAxes(params int[] without) => Axes(node.Output[0], without);

    /// <summary>One axis of the first output.</summary>
    public AxisOf OutputAxis(Index axis) => Axis(node.Output[0], axis);

    AxisOf Axis(string tensor, Index axis)
    {
        var dims = Shape(tensor);
        var at = axis.GetOffset(dims.Count);
        return at >= 0 && at < dims.Count ? new(tensor, at, dims[at]) : throw new UnknownSizeException();
    }

    IEnumerable<AxisOf> Axes(string tensor, int[] without) =>
        Shape(tensor).Select((size, axis) => new AxisOf(tensor, axis, size)).Where(a => !without.Contains(a.Axis));

    IReadOnlyList<long> Shape(string tensor) => shape(tensor) ?? throw new UnknownSizeException();
}

/// <summary>A size that a count needs is not known; the count is null then.</summary>
sealed class UnknownSizeException : Exception;
