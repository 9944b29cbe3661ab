using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// Reductions. Channels pass on the axes that stay. Those that are reduced over end here, as they do in a linear operator: a
/// masked channel adds nothing to a sum, and what it does to a mean or a maximum is made up for behind the node.
/// </summary>
static class ReductionRules
{
    /// <summary>The rule.</summary>
    public static void Reduce(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (Axes(node, flow) is not { } axes)
        {
            flow.LockInputs(node, "its axes are computed in the graph");
            return;
        }
        if (axes.Contains(input.Axis))
        {
            End(node, flow, input, axes);
            return;
        }
        flow.Set(node.Output[0], node.Int("keepdims", 1) != 0 ? input.Axis : input.Axis - axes.Count(a => a < input.Axis), input.Ids);
    }

    // Axes that are reduced over, 0-based; null where the graph computes them.
    static HashSet<int>? Axes(NodeProto node, ChannelFlow flow)
    {
        var rank = flow.Shape(node.Input[0]).Length;
        var given = node.Ints("axes");
        if (given is null && ChannelFlow.Has(node, 1))
        {
            if (flow.Constant(node, 1) is not { } constant) return null;
            given = TensorData.Integers(constant);
        }
        if (given is { Length: > 0 }) return [.. given.Select(a => (int)(a < 0 ? a + rank : a))];
        return node.Int("noop_with_empty_axes", 0) == 0 ? [.. Enumerable.Range(0, rank)] : [];
    }

    static void End(NodeProto node, ChannelFlow flow, AxisChannels input, HashSet<int> axes)
    {
        if (WhyNot(node, flow, axes) is { } reason)
        {
            flow.LockInputs(node, reason);
            return;
        }
        flow.Mask(node, 0, input);
        switch (node.OpType)
        {
            case "ReduceMean":
                flow.Rewrite(node, site =>
                {
                    var kept = site.KeptCount(input.Ids);
                    if (kept < input.Ids.Length) site.InsertAfter("Mul", site.AddFloat($"{site.Node.Output[0]}_share", (float)kept / input.Ids.Length, Type(node, flow)));
                });
                break;
            case "ReduceMax" when !ProvedSign.IsNonNegative(node.Input[0], flow.Model.Index):
            case "ReduceMin" when !ProvedSign.IsNonPositive(node.Input[0], flow.Model.Index):
                flow.Rewrite(node, site =>
                {
                    if (site.KeptCount(input.Ids) == input.Ids.Length) return;
                    site.InsertAfter(node.OpType == "ReduceMax" ? "Max" : "Min", site.AddFloat($"{site.Node.Output[0]}_zero", 0, Type(node, flow)));
                });
                break;
        }
    }

    static string? WhyNot(NodeProto node, ChannelFlow flow, HashSet<int> axes) => node.OpType switch
    {
        "ReduceLogSumExp" => "reduces over the channel axis, and a channel of zeros adds to its sum",
        "ReduceProd" => "reduces over the channel axis, and a channel of zeros makes its product zero",
        "ReduceMean" when DecomposedNorm.Of(node, flow.Model.Index) is { } norm => $"normalises across the channel axis (a {norm} in single steps)",
        _ when !flow.IsFloat(node.Input[0]) => "reduces integers over the channel axis",
        _ when axes.Contains(flow.Model.Trace.BatchAxis(node.Input[0])) => "reduces over the batch and the channel axis at once",
        "ReduceMax" or "ReduceMin" when flow.Opset < 8 => "reduces over the channel axis in an opset before 8",
        _ => null,
    };

    static TensorProto.Types.DataType Type(NodeProto node, ChannelFlow flow) => (TensorProto.Types.DataType)flow.Model.Trace.ElementType(node.Input[0]);
}
