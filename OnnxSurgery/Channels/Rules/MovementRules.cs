using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// Operators that only move elements. Where the channels go is found by running the operator on identities; what
/// each rule adds is how the operator's constants change when channels are removed.
/// </summary>
static class MovementRules
{
    /// <summary>Transpose, Flatten, Squeeze, Unsqueeze, Tile: no constants to rewrite.</summary>
    public static void Move(NodeProto node, ChannelFlow flow) => Execute(node, flow, i => i == 0);

    /// <summary>
    /// DepthToSpace and SpaceToDepth take channels a block at a time. That stays so where maps are so small that a row of the
    /// result seems to hold channels of its own.
    /// </summary>
    public static void Blocks(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is { Axis: not 1 }) flow.LockInputs(node, "takes blocks of rows and columns, and channels lie along one of these");
        else Execute(node, flow, i => i == 0, only: 1);
    }

    /// <summary>Concat: every input is data.</summary>
    public static void Concat(NodeProto node, ChannelFlow flow)
    {
        AdoptConstants(node, flow);
        Execute(node, flow, _ => true);
    }

    // A constant row beside rows of channels (a class token before image tokens) is cut with them.
    static void AdoptConstants(NodeProto node, ChannelFlow flow)
    {
        var carriers = node.Input.Select(flow.Of).OfType<AxisChannels>().ToArray();
        if (carriers.Length == 0 || carriers.Length == node.Input.Count) return;
        var axis = (int)node.Int("axis", 1);
        if (axis < 0) axis += flow.Shape(node.Output[0]).Length;
        var first = carriers[0];
        if (first.Axis == axis || carriers.Any(c => c.Axis != first.Axis)) return;
        for (var i = 0; i < node.Input.Count; i++)
            if (flow.Of(node.Input[i]) is null && ConstantBranch.TryCut(node, i, first.Axis, first.Ids, flow)) flow.Set(node.Input[i], first.Axis, first.Ids);
    }

    /// <summary>Split: along the channel axis the sizes become what is left of each part.</summary>
    public static void Split(NodeProto node, ChannelFlow flow)
    {
        if (!Execute(node, flow, i => i == 0) || flow.Of(node.Input[0]) is not { } input) return;
        var rank = flow.Shape(node.Input[0]).Length;
        var axis = (int)node.Int("axis", 0);
        if ((axis < 0 ? axis + rank : axis) != input.Axis) return;
        var sizes = node.Output.Select(o => (int)flow.Shape(o)[input.Axis]).ToArray();
        flow.Rewrite(node, site =>
        {
            var left = new long[sizes.Length];
            for (int i = 0, from = 0; i < sizes.Length; from += sizes[i++])
                left[i] = site.KeptCount(input.Ids[from..(from + sizes[i])]);
            if (flow.Opset < 13) site.Node.Set("split", left);
            else
            {
                site.ReplaceIntegers(1, left);
                if (site.Node.Find("num_outputs") is { } count) site.Node.Attribute.Remove(count);
            }
        });
    }

    /// <summary>Carries the channels through the node; false when there is nothing to carry or it cannot be done.</summary>
    /// <param name="node">The node.</param>
    /// <param name="flow">The walk.</param>
    /// <param name="isData">Which inputs are data.</param>
    /// <param name="asTraced">Small integers that are computed in the graph may be taken as traced.</param>
    /// <param name="only">The axis of the result that channels go to, where no other can be; null: whichever tells them apart.</param>
    public static bool Execute(NodeProto node, ChannelFlow flow, Func<int, bool> isData, bool asTraced = false, int? only = null)
    {
        if (node.Input.Where((_, i) => !isData(i)).Any(n => flow.Of(n) is not null))
            flow.LockInputs(node, "where its elements go depends on channels");
        if (!node.Input.Where((_, i) => isData(i)).Any(n => flow.Of(n) is not null)) return false;
        for (var i = 0; i < node.Input.Count; i++)
            if (!isData(i) && ChannelFlow.Has(node, i) && flow.Constant(node, i) is null
                && !(asTraced && flow.Model.Trace.Integers(node.Input[i]) is not null))
            {
                flow.LockInputs(node, "where its elements go is computed in the graph");
                return false;
            }
        var moved = IndexExecution.Run(node, flow, isData);
        var heads = node.OpType == "Reshape" ? flow.HeadAxes.Of(node.Output[0]) : null;
        var barred = node.OpType == "Reshape" && heads is null ? NormalisedAxes.After(node.Output[0], flow) : [];
        var outputs = node.Output.Where(o => o.Length > 0).ToArray();
        for (var o = 0; o < outputs.Length; o++)
        {
            var (ids, shape) = moved[o];
            if (ids.Length == 0) continue;
            var reason = flow.Because(node, "mixes channels with others that must stay");
            var batchAxis = flow.Model.Trace.BatchAxis(outputs[o]);
            if (IndexExecution.Compress(ids, shape, batchAxis, flow, reason, heads, barred, only) is { } channels) flow.Set(outputs[o], channels.Axis, channels.Ids);
            else flow.Lock(ids, flow.Because(node, heads is not null && flow.HeadCut == HeadCut.Heads
                ? "merges heads with the batch; cut dimensions of heads instead (HeadCut.Dimensions)"
                : "leaves no axis along which channels could be cut"));
        }
        return true;
    }
}
