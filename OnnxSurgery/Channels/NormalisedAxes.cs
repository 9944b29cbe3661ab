using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// Axes that the readers of a tensor normalise or reduce across. A group normalisation is exported as a Reshape to
/// [N, groups, ...] in front of one: whole groups can then go, single channels of every group cannot.
/// </summary>
static class NormalisedAxes
{
    /// <summary>The axes, of a tensor that a Reshape makes.</summary>
    public static HashSet<int> After(string tensor, ChannelFlow flow)
    {
        HashSet<int> axes = [];
        var rank = flow.Shape(tensor).Length;
        foreach (var node in flow.Model.Index.Consumers(tensor).Where(n => n.IsStandard() && n.Input[0] == tensor))
            axes.UnionWith(Of(node, rank, flow));
        return axes;
    }

    static IEnumerable<int> Of(NodeProto node, int rank, ChannelFlow flow) => node.OpType switch
    {
        "InstanceNormalization" => Enumerable.Range(2, Math.Max(0, rank - 2)),
        "LayerNormalization" or "RMSNormalization" => Enumerable.Range(Positive(node.Int("axis", -1), rank), rank - Positive(node.Int("axis", -1), rank)),
        "MeanVarianceNormalization" => (node.Ints("axes") ?? [0, 2, 3]).Select(a => Positive(a, rank)),
        "ReduceMean" => (node.Ints("axes") ?? (flow.Constant(node, 1) is { } given ? TensorData.Integers(given) : [])).Select(a => Positive(a, rank)),
        _ => [],
    };

    static int Positive(long axis, int rank) => (int)Math.Clamp(axis < 0 ? axis + rank : axis, 0, rank);
}
