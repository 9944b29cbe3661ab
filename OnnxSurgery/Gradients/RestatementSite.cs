using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>What a restatement knows of the graph around its node.</summary>
/// <param name="Trace">Shapes.</param>
/// <param name="Opset">Version of the standard domain that the nodes are written in.</param>
/// <param name="Write">Writes what stands for the node.</param>
/// <param name="Normalisation">What batch normalisation does.</param>
/// <param name="Index">The graph before anything was restated.</param>
sealed record RestatementSite(ShapeTrace Trace, long Opset, NodeWriter Write, NormalisationMode Normalisation, GraphIndex Index)
{
    readonly NodeNames _names = new(Index.Graph);

    /// <summary>Where the statistics of normalisations that use those of the batch are, in graph order.</summary>
    public List<NormalisationStatistics> Statistics { get; } = [];

    /// <summary>Shape of a tensor.</summary>
    public long[] Shape(string tensor) => Trace.Shape(tensor);

    /// <summary>The values of a constant tensor, or null.</summary>
    public TensorProto? Constant(string tensor) => Index.Initializer(tensor);

    /// <summary>True for an input that is given.</summary>
    public static bool Has(NodeProto node, int input) => input < node.Input.Count && node.Input[input].Length > 0;

    /// <summary>Integers that newer opsets read as an input and older ones as an attribute; null if left out.</summary>
    public long[]? Integers(NodeProto node, string attribute, int input)
    {
        if (node.Ints(attribute) is { } values) return values;
        if (!Has(node, input)) return null;
        return Trace.Integers(node.Input[input])?.First
            ?? throw Unsupported(node, $"its {attribute} are computed while the model runs");
    }

    /// <summary>Why a node cannot be differentiated.</summary>
    public OnnxSurgeryException Unsupported(NodeProto node, string why) =>
        new($"No gradient is known for {node.OpType} '{_names.Of(node)}' because {why}; cut the model behind it.");
}
