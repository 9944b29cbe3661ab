using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Reporting;

/// <summary>Finds the layers that two models share, and what became of each.</summary>
static class LayerChanges
{
    /// <summary>Operators whose outputs are channels.</summary>
    static readonly string[] _linear = ["Conv", "ConvTranspose", "Gemm", "MatMul", "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul"];

    /// <summary>Compares the layers; those without a counterpart are counted only.</summary>
    internal static (IReadOnlyList<LayerChange> Layers, int Unmatched) Of(OnnxModel before, ModelCounts countsBefore, OnnxModel after, ModelCounts countsAfter)
    {
        var (first, second) = (Layers(countsBefore), Layers(countsAfter));
        var (weightsBefore, weightsAfter) = (Weights(before.Proto), Weights(after.Proto));
        List<LayerChange> found = [];
        foreach (var (name, now) in second)
        {
            if (!first.TryGetValue(name, out var was) || was.Op != now.Op) continue;
            found.Add(new LayerChange(
                name, now.Op, Channels(was), Channels(now), was.Parameters, now.Parameters, was.Macs, now.Macs,
                WeightDistance(weightsBefore.GetValueOrDefault(name), weightsAfter.GetValueOrDefault(name))));
        }

        return (found, first.Count + second.Count - (2 * found.Count));
    }

    static OrderedDictionary<string, NodeCounts> Layers(ModelCounts counts)
    {
        var layers = new OrderedDictionary<string, NodeCounts>();
        foreach (var node in counts.Nodes)
            if (node.Parameters > 0) layers.TryAdd(node.Name, node);
        return layers;
    }

    // Convolutions keep channels on axis 1, matrix products on the last.
    static long? Channels(NodeCounts node) => node.OutputShape is { Count: >= 2 } shape && _linear.Contains(node.Op)
        ? node.Op.Contains("Conv", StringComparison.Ordinal) ? shape[1] : shape[^1]
        : null;

    static Dictionary<string, TensorProto[]> Weights(ModelProto model)
    {
        var constants = model.Graph.Initializer.ToDictionary(t => t.Name);
        var names = new NodeNames(model.Graph);
        var weights = new Dictionary<string, TensorProto[]>();
        foreach (var node in model.Graph.Node)
            weights.TryAdd(names.Of(node), [.. node.Input.Select(constants.GetValueOrDefault).OfType<TensorProto>().Where(TensorData.IsFloat)]);
        return weights;
    }

    static double? WeightDistance(TensorProto[]? before, TensorProto[]? after)
    {
        if (before is not { Length: > 0 } || after is null || before.Length != after.Length) return null;
        var (difference, length) = (0.0, 0.0);
        foreach (var (a, b) in before.Zip(after))
        {
            if (!a.Dims.SequenceEqual(b.Dims)) return null;
            var (was, now) = (TensorData.Floats(a), TensorData.Floats(b));
            for (var i = 0; i < was.Length; i++)
            {
                difference += Square((double)now[i] - was[i]);
                length += Square(was[i]);
            }
        }

        return difference == 0 ? 0 : length > 0 ? Math.Sqrt(difference / length) : null;
    }

    static double Square(double x) => x * x;
}
