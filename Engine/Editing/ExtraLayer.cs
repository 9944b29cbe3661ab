using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Editing;

/// <summary>
/// A residual layer before the last one that only edits change: f + B relu(A f + a) + b, the same as f at first, since B
/// and b are zero (the "extra layer" of Sinitsin et al., 2020, theirs with an Elu; a Relu leaves units out of an edit that
/// are silent on its image). A is random, eight units to a feature.
/// </summary>
static class ExtraLayer
{
    const string Prefix = "onnxedit_extra_";

    // Units to a feature, and at most.
    const int Units = 8, MostUnits = 4096;

    /// <summary>Names of its weights in a graph; none where it has no such layer.</summary>
    public static IReadOnlyList<string> Weights(GraphProto graph) =>
        [.. graph.Initializer.Select(t => t.Name).Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))];

    /// <summary>A copy of a folded model with the layer added.</summary>
    /// <param name="model">The folded model; not changed.</param>
    /// <param name="output">Name of the logits, or null.</param>
    /// <param name="seed">Seed of A.</param>
    /// <exception cref="OnnxEngineException">The model does not end in a linear layer, or is of an opset before 7.</exception>
    public static ModelProto Added(NormalisedModel model, string? output, ulong seed)
    {
        if (model.Proto.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx") is { Version: < 7 } old)
            throw new OnnxEngineException(ErrorKind.Model, $"The model is of opset {old.Version}, and the extra layer is written for 7 and later; edit other layers, or export it anew.");
        var last = LastLayer.Of(model, ClassifierSignature.Of(model.Proto, output).LogitsName).RequireDirect();
        if (model.Trace.Shape(last.Features).Length != 2)
            throw new OnnxEngineException(ErrorKind.Model, $"The last layer reads '{last.Features}', which has extents behind the features, and the extra layer takes none; edit other layers.");
        var copy = model.Proto.Clone();
        var graph = copy.Graph;
        var width = (int)model.Trace.Shape(last.Features)[^1];
        var hidden = Math.Min(Units * width, MostUnits);
        var random = new Philox4x32(seed, RandomStreams.ExtraLayer);
        var into = new float[hidden * width];
        for (var i = 0; i < into.Length; i++) into[i] = (float)(random.NextGaussian() / Math.Sqrt(width));
        foreach (var (part, dims, values) in new (string, long[], float[])[]
            { ("in", [hidden, width], into), ("in_bias", [hidden], new float[hidden]), ("out", [width, hidden], new float[width * hidden]), ("out_bias", [width], new float[width]) })
        {
            var tensor = TensorData.FromFloats(Prefix + part, dims, values);
            tensor.DataType = (int)(DataType)model.Trace.ElementType(last.Features);
            TensorData.SetFloats(tensor, values);
            graph.Initializer.Add(tensor);
        }
        var reader = graph.Node.First(n => n.Output.SequenceEqual(last.Unit.Node.Output));
        NodeProto[] added =
        [
            Gemm(last.Features, "in", "scores"),
            NodeAttributes.Node("Relu", [Prefix + "scores"], [Prefix + "fired"], Prefix + "relu"),
            Gemm(Prefix + "fired", "out", "change"),
            NodeAttributes.Node("Add", [last.Features, Prefix + "change"], [Prefix + "features"], Prefix + "add"),
        ];
        reader.Input[0] = Prefix + "features";
        var at = graph.Node.IndexOf(reader);
        foreach (var node in added) graph.Node.Insert(at++, node);
        ConstantFills.Restore(graph, model.Fills);
        return copy;
    }

    static NodeProto Gemm(string from, string part, string to)
    {
        var node = NodeAttributes.Node("Gemm", [from, Prefix + part, $"{Prefix}{part}_bias"], [Prefix + to], $"{Prefix}{part}");
        node.Set("transB", 1L);
        return node;
    }
}
