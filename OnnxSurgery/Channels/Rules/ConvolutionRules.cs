using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Convolutions of any rank, plain, transposed and fused; channels on axis 1.</summary>
static class ConvolutionRules
{
    /// <summary>Conv: weights [M, C/groups, k...], bias [M].</summary>
    public static void Conv(NodeProto node, ChannelFlow flow) => Apply(node, flow, weight: 1, bias: 2, transposed: false);

    /// <summary>ConvTranspose: weights [C, M/groups, k...], bias [M].</summary>
    public static void ConvTranspose(NodeProto node, ChannelFlow flow) => Apply(node, flow, weight: 1, bias: 2, transposed: true);

    /// <summary>FusedConv: Conv, then the sum with a fourth input, then an activation.</summary>
    public static void FusedConv(NodeProto node, ChannelFlow flow)
    {
        if (Apply(node, flow, weight: 1, bias: 2, transposed: false) is not { } made || !ChannelFlow.Has(node, 3)) return;
        var reason = flow.Because(node, "meets a tensor whose channels must stay");
        if (flow.Of(node.Input[3]) is { Axis: 1 } added && added.Ids.Length == made.Length) flow.Join(made, added.Ids, reason);
        else
        {
            flow.Lock(made, reason);
            if (flow.Of(node.Input[3]) is { } other) flow.Lock(other.Ids, reason);
        }
    }

    /// <summary>DeformConv: a Conv whose sampling places and weights are computed, shared by all channels.</summary>
    public static void DeformConv(NodeProto node, ChannelFlow flow)
    {
        foreach (var place in (int[])[2, 4])
            if (ChannelFlow.Has(node, place) && flow.Of(node.Input[place]) is { } c)
                flow.Lock(c.Ids, flow.Because(node, "they say where it samples"));
        if (node.Int("offset_group", 1) != 1 || node.Int("group", 1) != 1) flow.LockInputs(node, "samples groups of channels at places of their own");
        else Apply(node, flow, weight: 1, bias: 3, transposed: false);
    }

    /// <summary>The common part.</summary>
    /// <returns>The new channels, or null when it is not understood and its inputs are locked.</returns>
    public static int[]? Apply(NodeProto node, ChannelFlow flow, int weight, int bias, bool transposed, string? zeroPoint = null)
    {
        if (!flow.IsConstant(node, weight) || !flow.IsConstantOrAbsent(node, bias))
        {
            flow.LockInputs(node, "its weights are computed in the graph");
            return null;
        }
        var input = flow.Of(node.Input[0]);
        if (input is not null && input.Axis != 1)
        {
            flow.LockInputs(node, "channels arrive on a spatial axis");
            input = null;
        }
        var shape = flow.Shape(node.Input[weight]);
        var groups = (int)node.Int("group", 1);
        var kernel = new GroupedKernel(node, weight, groups,
            OutAxis: transposed ? 1 : 0,
            InAxis: transposed ? 0 : 1,
            OutPerGroup: (int)(transposed ? shape[1] : shape[0] / groups),
            InPerGroup: (int)(transposed ? shape[0] / groups : shape[1]));
        var made = flow.Produce(node, kernel.OutPerGroup * groups);
        if (input is not null && groups == 1) flow.Consume(node, 0, input, zeroPoint);
        if (groups > 1) kernel.Tie(flow, input, made, zeroPoint);
        else
        {
            flow.Parameter(node, weight, kernel.OutAxis, made);
            if (input is not null) flow.Parameter(node, weight, kernel.InAxis, input.Ids);
        }
        flow.ParameterVector(node, bias, made);
        flow.Set(node.Output[0], 1, made);
        return made;
    }
}
