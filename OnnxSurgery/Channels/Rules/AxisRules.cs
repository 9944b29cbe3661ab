using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Operators that work along some axes and on every place of the others alike: channels pass on the others.</summary>
static class AxisRules
{
    /// <summary>ArgMax and ArgMin: one axis is searched.</summary>
    public static void Search(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        var axis = Normalise(node.Int("axis", 0), flow.Shape(node.Input[0]).Length);
        if (axis == input.Axis) flow.LockInputs(node, "compares the channels with each other");
        else flow.Set(node.Output[0], node.Int("keepdims", 1) != 0 || axis > input.Axis ? input.Axis : input.Axis - 1, input.Ids);
    }

    /// <summary>TopK: one axis is sorted.</summary>
    public static void TopK(NodeProto node, ChannelFlow flow)
    {
        if (ChannelFlow.Has(node, 1) && flow.Of(node.Input[1]) is not null) flow.LockInputs(node, "how many it takes depends on channels");
        else Along(node, flow, node.Int("axis", -1), "compares the channels with each other");
    }

    /// <summary>CumSum: one axis, given as an input, is summed along.</summary>
    public static void CumSum(NodeProto node, ChannelFlow flow)
    {
        if (flow.Constant(node, 1) is { } axis) Along(node, flow, TensorData.Integers(axis)[0], "sums along the channel axis");
        else flow.LockInputs(node, "its axes are computed in the graph");
    }

    /// <summary>Trilu: the last two axes are compared place by place.</summary>
    public static void Trilu(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (input.Axis >= flow.Shape(node.Input[0]).Length - 2) flow.LockInputs(node, "keeps a triangle that the channels span");
        else if (ChannelFlow.Has(node, 1) && flow.Of(node.Input[1]) is not null) flow.LockInputs(node, "which part it keeps depends on channels");
        else flow.Set(node.Output[0], input.Axis, input.Ids);
    }

    /// <summary>An operator along one axis that keeps the rank: channels on that axis are locked, others pass.</summary>
    public static void Along(NodeProto node, ChannelFlow flow, long axis, string reason)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (Normalise(axis, flow.Shape(node.Input[0]).Length) == input.Axis)
        {
            flow.LockInputs(node, reason);
            return;
        }
        foreach (var output in node.Output.Where(o => o.Length > 0)) flow.Set(output, input.Axis, input.Ids);
    }

    static int Normalise(long axis, int rank) => (int)(axis < 0 ? axis + rank : axis);
}
