using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks;

/// <summary>The last linear layer of a classifier, what it reads (the features), and the body that the logits depend on.</summary>
/// <param name="Unit">The layer.</param>
/// <param name="Body">Nodes that the logits depend on, in graph order.</param>
/// <param name="Logits">Name of the logits.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="IsDirect">
/// Whether the layer itself makes the logits out of one vector per item, but for <paramref name="Scale"/>, changes of shape and type, and
/// patches of earlier edits that are added to it.
/// </param>
/// <param name="IsPatched">Whether patches are added to it.</param>
/// <param name="Scale">The constant that its output is multiplied by.</param>
sealed record LastLayer(LinearUnit Unit, IReadOnlyList<NodeProto> Body, string Logits, int Classes, bool IsDirect, bool IsPatched, float Scale)
{
    /// <summary>How the names of what a patch adds begin; a patch is added to the logits and is not the layer.</summary>
    public const string PatchPrefix = "onnxedit_patch_";

    /// <summary>Finds the layer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="logits">Name of the logits.</param>
    /// <exception cref="OnnxEngineException">No linear layer with constant weights makes the logits (<see cref="ErrorKind.Model"/>).</exception>
    public static LastLayer Of(NormalisedModel model, string logits) =>
        Find(model, logits) ?? throw Unsuitable("no convolution, Gemm or MatMul with constant weights makes its scores");

    /// <summary>Finds the layer; null where there is none.</summary>
    public static LastLayer? Find(NormalisedModel model, string logits)
    {
        var needed = new HashSet<string> { logits };
        List<NodeProto> body = [];
        foreach (var node in model.Proto.Graph.Node.Reverse())
            if (node.Output.Any(needed.Contains))
            {
                needed.UnionWith(node.Input.Concat(GraphIndex.Captures(node)));
                body.Add(node);
            }
        body.Reverse();
        var direct = Direct(model, logits);
        var unit = direct?.Unit ?? body.Where(n => !IsPatch(n)).Select(n => LinearUnit.Of(n, model.Proto.Graph, model.Index)).OfType<LinearUnit>().LastOrDefault();
        if (unit is null) return null;
        var classes = (int)model.Trace.Shape(logits).Skip(1).Aggregate(1L, (a, b) => a * b);
        var isOfOneVector = direct is not null && model.Trace.Shape(unit.Input).Skip(2).All(extent => extent == 1);
        return new LastLayer(unit, body, logits, classes, isOfOneVector, direct?.IsPatched == true, direct?.Scale ?? 1);
    }

    /// <summary>How every refusal of a model's form begins.</summary>
    public static OnnxEngineException Unsuitable(string why) => new(ErrorKind.Model, $"The model's features cannot be edited: {why}.");

    /// <summary>The tensor that it reads.</summary>
    public string Features => Unit.Input;

    /// <summary>The layer, where it makes the logits itself.</summary>
    /// <exception cref="OnnxEngineException">It does not (<see cref="ErrorKind.Model"/>).</exception>
    public LastLayer RequireDirect() => IsDirect ? this : throw new OnnxEngineException(ErrorKind.Model,
        $"The logits '{Logits}' come from {(Body.LastOrDefault() is { } maker ? $"the operator {maker.OpType}" : "nowhere")} and not from a linear layer with weights of its own; edit by gradient steps instead (the editor rmsprop).");

    /// <summary>Features of one item: its values of <see cref="Features"/>, of a map or tokens their mean over positions.</summary>
    /// <param name="values">The item's values.</param>
    /// <param name="weights">Dims of the unit's weights.</param>
    public float[] Pooled(ReadOnlySpan<float> values, IReadOnlyList<long> weights)
    {
        var channels = (int)(Unit.IsConv ? weights[1] * Unit.Groups : Unit.Node.OpType == "Gemm" && Unit.Node.Int("transB", 0) != 0 ? weights[1] : weights[0]);
        var positions = values.Length / channels;
        if (positions <= 1) return values.ToArray();
        var features = new float[channels];
        for (var k = 0; k < channels; k++)
            if (Unit.IsConv) features[k] = TensorPrimitives.Sum(values.Slice(k * positions, positions)) / positions;
            else
                for (var p = 0; p < positions; p++) features[k] += values[p * channels + k] / positions;
        return features;
    }

    // What was the logits before a patch has a name of the patch, too, and is made by the layer or by an earlier patch's sum.
    static bool IsPatch(NodeProto node) =>
        node.Output[0].StartsWith(PatchPrefix, StringComparison.Ordinal) && !node.Output[0].EndsWith("_logits", StringComparison.Ordinal);

    // Back from the logits, through what neither mixes values nor leaves any out.
    static (LinearUnit Unit, bool IsPatched, float Scale)? Direct(NormalisedModel model, string tensor)
    {
        if (model.Index.Producer(tensor) is not { } node) return null;
        if (LinearUnit.Of(node, model.Proto.Graph, model.Index) is { } unit) return IsPatch(node) || unit.Groups > 1 ? null : (unit, false, 1);
        var from = node.Input.FirstOrDefault("");
        switch (node.OpType)
        {
            case "Identity" or "Dropout" or "Cast" or "Flatten" or "Reshape" or "Squeeze" or "Unsqueeze" when node.IsStandard() && IsFloat(model, from) && Row(model, from).SequenceEqual(Row(model, tensor)):
                return Direct(model, from);
            case "BatchNormalization" when model.Index.Producer(from) is { } maker && LinearUnit.Of(maker, model.Proto.Graph, model.Index) is { } folded && folded.Output == tensor:
                return (folded, false, 1);
            case "Add":
                foreach (var input in node.Input)
                    if (Direct(model, input) is var (found, _, scale))
                        return (found, found.Output != tensor, scale);
                return null;
            case "Mul" or "Div":
                var factor = node.Input.Select(i => model.Index.Initializer(i)).FirstOrDefault(t => t is not null && TensorData.ElementCount(t) == 1 && TensorData.IsFloat(t));
                if (factor is null || node.OpType == "Div" && node.Input[1] != factor.Name || TensorData.Floats(factor)[0] is var value && (value == 0 || !float.IsFinite(value))) return null;
                return Direct(model, node.Input.First(i => i != factor.Name)) is var (scaled, isPatched, before) ? (scaled, isPatched, node.OpType == "Mul" ? before * value : before / value) : null;
            default:
                return null;
        }
    }

    static bool IsFloat(NormalisedModel model, string tensor) =>
        model.Trace.ElementType(tensor) is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Double;

    // Extents of an item that are not 1.
    static IEnumerable<long> Row(NormalisedModel model, string tensor) => model.Trace.Shape(tensor).Skip(1).Where(extent => extent != 1);
}
