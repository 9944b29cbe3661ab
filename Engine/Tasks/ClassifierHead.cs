using System.Numerics.Tensors;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks;

/// <summary>The classifier's last linear unit, and the features that it reads.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Body">Nodes that the logits depend on, in graph order.</param>
/// <param name="Classes">Number of classes.</param>
sealed record ClassifierHead(LinearUnit Unit, IReadOnlyList<NodeProto> Body, int Classes)
{
    /// <summary>Finds the head.</summary>
    /// <param name="model">The model.</param>
    /// <param name="logits">Name of the logits.</param>
    /// <exception cref="OnnxEngineException">No linear layer with constant weights makes the logits (<see cref="ErrorKind.Model"/>).</exception>
    public static ClassifierHead Of(NormalisedModel model, string logits)
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
        var unit = body.Select(n => LinearUnit.Of(n, model.Proto.Graph, model.Index)).OfType<LinearUnit>().LastOrDefault()
            ?? throw FeatureStage.Unsuitable("no convolution, Gemm or MatMul with constant weights makes its scores");
        var shape = model.Trace.Shape(logits);
        return new ClassifierHead(unit, body, (int)shape.Skip(1).Aggregate(1L, (a, b) => a * b));
    }

    /// <summary>The tensor that it reads.</summary>
    public string Input => Unit.Input;

    /// <summary>Features of one image: its values of <see cref="Input"/>, of a map or tokens their mean over positions.</summary>
    /// <param name="values">The image's values.</param>
    /// <param name="weights">Dims of the unit's weights.</param>
    public float[] Features(ReadOnlySpan<float> values, IReadOnlyList<long> weights)
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
}
