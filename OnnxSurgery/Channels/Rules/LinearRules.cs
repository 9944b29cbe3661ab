using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery;

/// <summary>Operators with weights: they end the channels they read and start new ones.</summary>
static class LinearRules
{
    /// <summary>Conv of any rank: weights [M, C/groups, k...], bias [M]; channels on axis 1.</summary>
    public static void Conv(NodeProto node, ChannelFlow flow)
    {
        var input = flow.Of(node.Input[0]);
        if (flow.Constant(node, 1) is not { } weight || (ChannelFlow.Has(node, 2) && flow.Constant(node, 2) is null))
        {
            flow.LockInputs(node, "its weights are computed in the graph");
            return;
        }
        if (input is not null && input.Axis != 1)
        {
            flow.LockInputs(node, "channels arrive on a spatial axis");
            input = null;
        }
        var groups = (int)node.Int("group", 1);
        var m = (int)weight.Dims[0];
        var perGroup = (int)weight.Dims[1];
        var made = flow.Produce(node, m);
        flow.Parameter(node, 1, 0, made);
        if (ChannelFlow.Has(node, 2)) flow.Parameter(node, 2, 0, made);

        if (groups == 1)
        {
            if (input is not null)
            {
                flow.Consume(node, 0, input);
                flow.Parameter(node, 1, 1, input.Ids);
            }
        }
        else if (perGroup == 1)
        {
            // Depthwise: output channel o reads input channel o / multiplier only, so both go together.
            var source = input?.Ids ?? new int[groups];
            var multiplier = m / groups;
            for (var o = 0; o < m; o++)
                flow.Sets.Join(made[o], source[o / multiplier], flow.Because(node, "reads channels that must stay"));
            flow.Rewrite(node, site => site.Node.Set("group", site.KeptCount(source)));
        }
        else Grouped(node, flow, input, made, groups, perGroup);
        flow.Set(node.Output[0], 1, made);
    }

    // Groups must stay equally large, so channels at the same place in their group go together.
    static void Grouped(NodeProto node, ChannelFlow flow, AxisChannels? input, int[] made, int groups, int perGroup)
    {
        var reason = flow.Because(node, "groups must stay equally large");
        var outPerGroup = made.Length / groups;
        for (var o = outPerGroup; o < made.Length; o++) flow.Sets.Join(made[o], made[o % outPerGroup], reason);
        if (input is null) return;
        for (var c = perGroup; c < input.Ids.Length; c++) flow.Sets.Join(input.Ids[c], input.Ids[c % perGroup], reason);
        flow.Consume(node, 0, input);
        flow.Parameter(node, 1, 1, input.Ids[..perGroup]);
    }

    /// <summary>Gemm: Y = A B + C with constant B; the contracted axis reads channels, the other makes them.</summary>
    public static void Gemm(NodeProto node, ChannelFlow flow)
    {
        if (flow.Constant(node, 1) is not { } weight || (ChannelFlow.Has(node, 2) && flow.Constant(node, 2) is null)
            || node.Int("transA", 0) != 0)
        {
            flow.LockInputs(node, "only Gemm with constant B and C and untransposed A is understood");
            return;
        }
        var transposed = node.Int("transB", 0) != 0;
        var made = Contract(node, flow, weight, transposed ? 1 : 0, transposed ? 0 : 1);
        if (flow.Constant(node, 2) is { } bias && bias.Dims.Count > 0 && bias.Dims[^1] == made.Length && made.Length > 1)
            flow.Parameter(node, 2, bias.Dims.Count - 1, made);
    }

    /// <summary>MatMul with a constant matrix on the right.</summary>
    public static void MatMul(NodeProto node, ChannelFlow flow) => Contract(node, flow, flow.Constant(node, 1)!, 0, 1);

    static int[] Contract(NodeProto node, ChannelFlow flow, TensorProto weight, int inAxis, int outAxis)
    {
        var last = flow.Shape(node.Input[0]).Length - 1;
        var input = flow.Of(node.Input[0]);
        var outLast = flow.Shape(node.Output[0]).Length - 1;
        if (input is not null && input.Axis == last)
        {
            flow.Consume(node, 0, input);
            flow.Parameter(node, 1, inAxis, input.Ids);
        }
        else if (input is not null) flow.LockInputs(node, "channels arrive on an axis it does not contract");
        var made = flow.Produce(node, (int)weight.Dims[outAxis]);
        flow.Parameter(node, 1, outAxis, made);
        flow.Set(node.Output[0], outLast, made);
        return made;
    }
}
