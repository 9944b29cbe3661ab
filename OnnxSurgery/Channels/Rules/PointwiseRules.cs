using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Operators that keep channels where they are.</summary>
static class PointwiseRules
{
    /// <summary>
    /// Elementwise operators of any number of inputs with NumPy broadcasting: channels that meet go together, and
    /// constants along the channel axis (biases, scales, slopes) are cut with them.
    /// </summary>
    public static void Elementwise(NodeProto node, ChannelFlow flow) => Meet(node, flow, [.. Enumerable.Range(0, node.Input.Count)]);

    /// <summary>The same where only some inputs are data.</summary>
    public static void Meet(NodeProto node, ChannelFlow flow, int[] data)
    {
        var rank = flow.Shape(node.Output[0]).Length;
        var carriers = data.Where(i => ChannelFlow.Has(node, i)).Select(i => node.Input[i]).Where(i => flow.Of(i) is not null).Distinct().ToArray();
        if (carriers.Length == 0) return;
        if (node.Find("broadcast") is not null)
        {
            flow.LockInputs(node, "broadcasts by the rules of a very old opset");
            return;
        }
        int OutAxis(string tensor, int axis) => axis + rank - flow.Shape(tensor).Length;
        var axis = OutAxis(carriers[0], flow.Of(carriers[0])!.Axis);
        if (carriers.Any(c => OutAxis(c, flow.Of(c)!.Axis) != axis))
        {
            flow.LockInputs(node, "its inputs carry channels on different axes");
            return;
        }
        var dim = flow.Shape(node.Output[0])[axis];
        // A single channel broadcast over many belongs to no one position; it stays as it is.
        var wide = carriers.Where(c => flow.Of(c)!.Ids.Length == dim).ToArray();
        foreach (var narrow in carriers.Except(wide))
            flow.Lock(flow.Of(narrow)!.Ids, flow.Because(node, "one channel is broadcast over many"));
        if (wide.Length == 0) return;

        var ids = flow.Of(wide[0])!.Ids;
        var reason = flow.Because(node, "meets a tensor whose channels must stay");
        foreach (var other in wide.Skip(1)) flow.Join(ids, flow.Of(other)!.Ids, reason);
        foreach (var i in data)
        {
            if (!ChannelFlow.Has(node, i) || flow.Of(node.Input[i]) is not null) continue;
            var name = node.Input[i];
            var shape = flow.Shape(name);
            var own = axis - (rank - shape.Length);
            if (own < 0 || shape[own] == 1) continue;
            if (flow.IsConstant(node, i)) flow.Parameter(node, i, own, ids);
            else if (ConstantBranch.TryCut(node, i, own, ids, flow)) flow.Set(name, own, ids);
            else flow.Lock(ids, flow.Because(node, $"meets '{name}' ({flow.Origin(name)}), which keeps its channels"));
        }
        foreach (var output in node.Output.Where(o => o.Length > 0)) flow.Set(output, axis, ids);
    }

    /// <summary>Pooling over spatial axes; channels on axis 1 pass.</summary>
    public static void Pooling(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (input.Axis != 1)
        {
            flow.LockInputs(node, "pools over the channel axis");
            return;
        }
        foreach (var output in node.Output.Where(o => o.Length > 0)) flow.Set(output, 1, input.Ids);
        if (node.Output.Count > 1 && node.Output[1].Length > 0)
            flow.Lock(input.Ids, flow.Because(node, "returns flat indices that depend on the channel count"));
    }
}
