using OnnxEdit.Surgery.Gradients.Forms;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>
/// Says operators in other words: older and newer forms as they are written in opset 17, and composite operators (a
/// normalisation, a pooling, a Gelu) by simpler ones. What is left has a rule in <see cref="GradientRules"/>, and
/// second derivatives come for free. A new operator is one line here.
/// </summary>
static class Restatements
{
    /// <summary>Writes what stands for a node; false leaves the node as it is.</summary>
    public delegate bool Restatement(NodeProto node, RestatementSite site);

    const string Microsoft = "com.microsoft";

    static readonly Dictionary<(string Domain, string Name), Restatement> _table = new()
    {
        [("", "Dropout")] = ActivationForms.Dropout,
        [("", "Clip")] = ActivationForms.Clip,
        [("", "HardSigmoid")] = ActivationForms.HardSigmoid,
        [("", "HardSwish")] = ActivationForms.HardSwish,
        [("", "Swish")] = ActivationForms.Swish,
        [("", "Mish")] = ActivationForms.Mish,
        [("", "Selu")] = ActivationForms.Selu,
        [("", "Gelu")] = ActivationForms.Gelu,
        [(Microsoft, "Gelu")] = ActivationForms.Gelu,
        [("", "Mean")] = ActivationForms.Mean,
        [("", "Softmax")] = ReductionForms.Softmax,
        [("", "LogSoftmax")] = ReductionForms.Softmax,
        [("", "ReduceSum")] = ReductionForms.Reduce,
        [("", "ReduceMean")] = ReductionForms.Reduce,
        [("", "ReduceMax")] = ReductionForms.Reduce,
        [("", "ReduceMin")] = ReductionForms.Reduce,
        [("", "ReduceL1")] = ReductionForms.ReduceL1,
        [("", "ReduceL2")] = ReductionForms.ReduceL2,
        [("", "ReduceSumSquare")] = ReductionForms.ReduceSumSquare,
        [("", "ReduceLogSum")] = ReductionForms.ReduceLogSum,
        [("", "ReduceLogSumExp")] = ReductionForms.ReduceLogSumExp,
        [("", "BatchNormalization")] = NormalisationForms.BatchNormalization,
        [("", "LayerNormalization")] = NormalisationForms.LayerNormalization,
        [("", "InstanceNormalization")] = NormalisationForms.InstanceNormalization,
        [("", "GroupNormalization")] = NormalisationForms.GroupNormalization,
        [("", "LRN")] = NormalisationForms.LocalResponse,
        [("", "Conv")] = WindowForms.Conv,
        [("", "ConvTranspose")] = WindowForms.ConvTranspose,
        [("", "MaxPool")] = WindowForms.MaxPool,
        [("", "AveragePool")] = WindowForms.AveragePool,
        [("", "GlobalAveragePool")] = WindowForms.GlobalPool,
        [("", "GlobalMaxPool")] = WindowForms.GlobalPool,
        [("", "MatMul")] = MovementForms.MatMul,
        [("", "Flatten")] = MovementForms.Reshaping,
        [("", "Squeeze")] = MovementForms.Reshaping,
        [("", "Unsqueeze")] = MovementForms.Reshaping,
        [("", "Split")] = MovementForms.Split,
        [("", "Slice")] = MovementForms.Slice,
        [("", "Pad")] = MovementForms.Pad,
        [("", "Tile")] = MovementForms.Tile,
        [("", "DepthToSpace")] = MovementForms.DepthToSpace,
        [("", "SpaceToDepth")] = MovementForms.SpaceToDepth,
        [("", "Resize")] = SamplingForms.Resize,
        [("", "Upsample")] = SamplingForms.Resize,
    };

    /// <summary>Operators that may be restated, standard domain first.</summary>
    public static IReadOnlyCollection<(string Domain, string Name)> Operators => _table.Keys;

    /// <summary>Restates all nodes; the graph is of opset 17 afterwards.</summary>
    /// <param name="model">Changed in place; its shapes must be constants as far as they can be.</param>
    /// <param name="trace">Its traced shapes.</param>
    /// <param name="normalisation">What batch normalisation does.</param>
    /// <returns>Where the statistics are of normalisations that use those of the batch.</returns>
    /// <exception cref="OnnxSurgeryException">A form that cannot be restated.</exception>
    public static IReadOnlyList<NormalisationStatistics> Apply(ModelProto model, ShapeTrace trace, NormalisationMode normalisation)
    {
        var standard = model.OpsetImport.First(o => o.Domain is "" or "ai.onnx");
        if (standard.Version < 7)
            throw new OnnxSurgeryException($"Gradients need a model of opset 7 or later, this one has opset {standard.Version}; convert it first.");
        var nodes = new List<NodeProto>();
        var site = new RestatementSite(trace, standard.Version, new NodeWriter(nodes, model.Graph), normalisation, new GraphIndex(model.Graph));
        foreach (var node in model.Graph.Node)
        {
            site.Write.Type = trace.Shapes.ContainsKey(node.Output[0]) ? (DataType)trace.ElementType(node.Output[0]) : DataType.Float;
            var key = (node.IsStandard() ? "" : node.Domain, node.OpType);
            if (!_table.TryGetValue(key, out var restate) || !restate(node, site)) nodes.Add(node);
        }
        model.Graph.Node.Clear();
        model.Graph.Node.AddRange(nodes);
        standard.Version = 17;
        model.IrVersion = 8;
        return site.Statistics;
    }
}
