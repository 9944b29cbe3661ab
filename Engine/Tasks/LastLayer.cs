using System.Numerics.Tensors;
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
/// <param name="IsDirect">Whether the layer itself makes the logits out of one vector per item, or a sum of it and patches of earlier edits.</param>
sealed record LastLayer(LinearUnit Unit, IReadOnlyList<NodeProto> Body, string Logits, int Classes, bool IsDirect)
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
        var direct = Direct(model, model.Index.Producer(logits));
        var unit = direct ?? body.Where(n => !IsPatch(n)).Select(n => LinearUnit.Of(n, model.Proto.Graph, model.Index)).OfType<LinearUnit>().LastOrDefault();
        if (unit is null) return null;
        var classes = (int)model.Trace.Shape(logits).Skip(1).Aggregate(1L, (a, b) => a * b);
        return new LastLayer(unit, body, logits, classes, direct is not null && model.Trace.Shape(direct.Input).Length == 2);
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

    static LinearUnit? Direct(NormalisedModel model, NodeProto? node) => node switch
    {
        { OpType: "Gemm" or "MatMul" } => IsPatch(node) ? null : LinearUnit.Of(node, model.Proto.Graph, model.Index),
        { OpType: "Add" } => node.Input.Select(i => Direct(model, model.Index.Producer(i))).FirstOrDefault(u => u is not null),
        _ => null,
    };
}
