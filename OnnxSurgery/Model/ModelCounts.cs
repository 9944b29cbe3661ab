using OnnxEdit.Surgery.Model.Counting;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// Size and cost of a model. Parameters are the elements of weights, biases, gamma and beta: tensors shared by several
/// nodes count once, those in Constant nodes count too, running statistics, quantisation scales and shape constants
/// do not. Float constants of more than one element in an elementwise operator count as biases or scales.
/// </summary>
/// <param name="Parameters">Elements of all parameter tensors.</param>
/// <param name="Macs">Multiply-accumulates for one example, over the nodes whose shapes are known.</param>
/// <param name="Bytes">Length of the serialised model with all its tensors, in bytes.</param>
/// <param name="Nodes">One entry per node in graph order, nodes of sub-graphs after the node that holds them.</param>
public sealed record ModelCounts(long Parameters, long Macs, long Bytes, IReadOnlyList<NodeCounts> Nodes)
{
    /// <summary>True when every operator that multiplies had the shapes it needs.</summary>
    public bool MacsComplete => Nodes.All(n => n.Macs is not null);

    /// <summary>Counts a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="shapes">Traced shape of each tensor by name; null or incomplete leaves MACs unknown.</param>
    /// <param name="batch">The batch size that the shapes were traced at; MACs of what depends on the inputs are divided by it.</param>
    /// <exception cref="OnnxSurgeryException">The batch size is not positive.</exception>
    public static ModelCounts Of(ModelProto model, IReadOnlyDictionary<string, long[]>? shapes = null, long batch = 1)
    {
        if (batch < 1) throw new OnnxSurgeryException($"The traced batch size is {batch}; it must be at least 1.");
        return Of(model, new TracedSizes(shapes ?? new Dictionary<string, long[]>(), batch, null));
    }

    /// <summary>Counts a traced model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sizes">What was traced.</param>
    internal static ModelCounts Of(ModelProto model, TracedSizes sizes)
    {
        var nodes = new CountingWalk(sizes).Of(model.Graph);
        return new(nodes.Sum(n => n.Parameters), nodes.Sum(n => n.Macs ?? 0), ByteCount(model), nodes);
    }

    /// <summary>
    /// Length of the serialised model with all its tensors, also where it is more than protobuf can write in one piece
    /// (then up to a few bytes per tensor).
    /// </summary>
    public static long ByteCount(ModelProto model)
    {
        var tensors = TensorWalk.All(model).Sum(t => (long)t.Tensor.RawData.Length);
        if (tensors < ModelWriter.LargestInline) return model.CalculateSize();
        var rest = model.Clone();
        foreach (var (tensor, _) in TensorWalk.All(rest)) tensor.ClearRawData();
        return tensors + rest.CalculateSize();
    }
}
