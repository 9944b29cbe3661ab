using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Editing;

/// <summary>Writes patch neurons into a graph: features -> Gemm -> Relu -> Gemm, added to the logits.</summary>
static class PatchLayer
{
    /// <summary>Adds neurons; a graph may be patched again and again.</summary>
    /// <param name="graph">Changed in place.</param>
    /// <param name="features">The tensor they read, [batch, features].</param>
    /// <param name="isFlat">Whether it is; else its further extents are 1.</param>
    /// <param name="logits">The tensor they add to, [batch, classes]; keeps its name.</param>
    /// <param name="neurons">The neurons, at least one.</param>
    /// <param name="classes">Number of logits.</param>
    /// <param name="type">Element type of features and logits.</param>
    public static void Add(GraphProto graph, string features, bool isFlat, string logits, IReadOnlyList<PatchNeuron> neurons, int classes, DataType type)
    {
        var (n, d) = (neurons.Count, neurons[0].Direction.Length);
        var maker = graph.Node.First(node => node.Output.Contains(logits));
        // A ramp from 0 to 1 is the difference of two Relus; every operator here is the same in all opsets from 7 on.
        var (into, bias, outOf) = (new float[2 * n * d], new float[2 * n], new float[2 * n * classes]);
        for (var i = 0; i < 2 * n; i++)
        {
            var neuron = neurons[i / 2];
            for (var k = 0; k < d; k++) into[i * d + k] = (float)(neuron.Direction[k] / neuron.Width);
            bias[i] = (float)(-neuron.Threshold / neuron.Width) - i % 2;
            outOf[i * classes + neuron.Label] = (float)(i % 2 == 0 ? neuron.Gain : -neuron.Gain);
        }
        var number = 1;
        while (graph.Node.Any(node => node.Output.Contains($"{LastLayer.PatchPrefix}{number}_logits"))) number++;
        string Name(string part) => $"{LastLayer.PatchPrefix}{number}_{part}";
        foreach (var (part, dims, values) in new (string, long[], float[])[] { ("in", [2 * n, d], into), ("bias", [2 * n], bias), ("out", [2 * n, classes], outOf), ("zero", [classes], new float[classes]) })
        {
            var tensor = TensorData.FromFloats(Name(part), dims, values);
            tensor.DataType = (int)type;
            TensorData.SetFloats(tensor, values);
            graph.Initializer.Add(tensor);
        }
        var unpatched = Name("logits");
        maker.Output[maker.Output.IndexOf(logits)] = unpatched;
        var first = NodeAttributes.Node("Gemm", [isFlat ? features : Name("features"), Name("in"), Name("bias")], [Name("scores")], Name("detect"));
        first.Set("transB", 1L);
        NodeProto[] added =
        [
            .. isFlat ? Array.Empty<NodeProto>() : [NodeAttributes.Node("Flatten", [features], [Name("features")], Name("flatten"))],
            first,
            NodeAttributes.Node("Relu", [Name("scores")], [Name("fired")], Name("fire")),
            NodeAttributes.Node("Gemm", [Name("fired"), Name("out"), Name("zero")], [Name("change")], Name("raise")),
            NodeAttributes.Node("Add", [unpatched, Name("change")], [logits], Name("add")),
        ];
        var at = graph.Node.IndexOf(maker) + 1;
        foreach (var node in added) graph.Node.Insert(at++, node);
    }
}
