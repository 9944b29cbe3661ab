using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// Normalisations. Channels normalised on their own are free; those normalised together with others are not, because
/// what is left of them would be scaled differently.
/// </summary>
static class NormalisationRules
{
    const string Across = "normalises across the channel axis";

    /// <summary>Inference BatchNormalization: four vectors along axis 1.</summary>
    public static void BatchNormalization(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (node.Int("training_mode", 0) != 0 || Enumerable.Range(1, 4).Any(i => !flow.IsConstant(node, i)))
        {
            flow.LockInputs(node, "only inference with constant statistics is understood");
            return;
        }
        // Along another axis every channel meets all four vectors alike.
        if (input.Axis == 1)
            for (var i = 1; i <= 4; i++) flow.Parameter(node, i, 0, input.Ids);
        flow.Set(node.Output[0], input.Axis, input.Ids);
    }

    /// <summary>InstanceNormalization: each channel of axis 1 on its own, scale and bias along axis 1.</summary>
    public static void InstanceNormalization(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (input.Axis != 1)
        {
            flow.LockInputs(node, Across);
            return;
        }
        for (var i = 1; i <= 2; i++) Cut(node, flow, i, input.Ids);
        flow.Set(node.Output[0], 1, input.Ids);
    }

    /// <summary>GroupNormalization: channels of a group go together, and the number of groups shrinks.</summary>
    public static void GroupNormalization(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        var groups = (int)node.Int("num_groups", 1);
        if (input.Axis != 1 || groups < 2)
        {
            flow.LockInputs(node, Across);
            return;
        }
        var size = input.Ids.Length / groups;
        var reason = flow.Because(node, "normalises each channel with others that must stay");
        for (var c = 0; c < input.Ids.Length; c++) flow.Sets.Join(input.Ids[c], input.Ids[c / size * size], reason);
        // Opset 18 has one scale per group, later ones per channel.
        for (var i = 1; i <= 2; i++)
            Cut(node, flow, i, flow.Shape(node.Input[i])[0] == input.Ids.Length ? input.Ids : [.. Enumerable.Range(0, groups).Select(g => input.Ids[g * size])]);
        flow.Set(node.Output[0], 1, input.Ids);
        flow.Rewrite(node, site => site.Node.Set("num_groups", site.KeptCount(input.Ids) / size));
    }

    /// <summary>LayerNormalization: every axis from `axis` on is normalised across.</summary>
    public static void LayerNormalization(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        var rank = flow.Shape(node.Input[0]).Length;
        var axis = Axis(node, rank, -1);
        var scaledBeyond = Enumerable.Range(1, node.Input.Count - 1).Any(i => ChannelFlow.Has(node, i) && flow.Shape(node.Input[i]).Length > rank - axis);
        if (input.Axis >= axis || scaledBeyond)
        {
            flow.LockInputs(node, input.Axis >= axis ? Across : "scales the channels as well");
            return;
        }
        // Mean and deviation keep the rank.
        foreach (var output in node.Output.Where(o => o.Length > 0)) flow.Set(output, input.Axis, input.Ids);
    }

    /// <summary>MeanVarianceNormalization over the listed axes.</summary>
    public static void MeanVarianceNormalization(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        var rank = flow.Shape(node.Input[0]).Length;
        if ((node.Ints("axes") ?? [0, 2, 3]).Any(a => (a < 0 ? a + rank : a) == input.Axis)) flow.LockInputs(node, Across);
        else flow.Set(node.Output[0], input.Axis, input.Ids);
    }

    /// <summary>LRN: every channel is divided by the energy of its neighbours on axis 1.</summary>
    public static void LocalResponse(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (input.Axis == 1) flow.LockInputs(node, "normalises each channel by its neighbours");
        else flow.Set(node.Output[0], input.Axis, input.Ids);
    }

    /// <summary>Softmax and kin: channels pass unless they are normalised across.</summary>
    public static void Softmax(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        var axis = Axis(node, flow.Shape(node.Input[0]).Length, flow.Opset >= 13 ? -1 : 1);
        // Before opset 13 the operator flattens every axis from `axis` on.
        if (flow.Opset >= 13 ? axis == input.Axis : input.Axis >= axis) flow.LockInputs(node, Across);
        else flow.Set(node.Output[0], input.Axis, input.Ids);
    }

    /// <summary>LpNormalization divides by a norm along one axis, to which a channel of zeros adds nothing: there, too, a mask must stand.</summary>
    public static void LpNormalization(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (Axis(node, flow.Shape(node.Input[0]).Length, -1) == input.Axis) flow.Mask(node, 0, input);
        flow.Set(node.Output[0], input.Axis, input.Ids);
    }

    static int Axis(NodeProto node, int rank, long fallback)
    {
        var axis = (int)node.Int("axis", fallback);
        return axis < 0 ? axis + rank : axis;
    }

    static void Cut(NodeProto node, ChannelFlow flow, int input, int[] ids)
    {
        if (flow.IsConstant(node, input)) flow.Parameter(node, input, 0, ids);
        else flow.Lock(ids, flow.Because(node, "its scale or bias is computed in the graph"));
    }
}
