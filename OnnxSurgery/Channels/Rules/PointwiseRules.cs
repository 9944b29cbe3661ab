using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery;

/// <summary>Operators that keep channels where they are.</summary>
static class PointwiseRules
{
    /// <summary>
    /// Elementwise operators of any number of inputs with NumPy broadcasting: channels that meet go together, and
    /// constants along the channel axis (biases, scales, slopes) are cut with them.
    /// </summary>
    public static void Elementwise(NodeProto node, ChannelFlow flow)
    {
        var rank = flow.Shape(node.Output[0]).Length;
        var carriers = node.Input.Where(i => i.Length > 0 && flow.Of(i) is not null).Distinct().ToArray();
        if (carriers.Length == 0) return;
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
        for (var i = 0; i < node.Input.Count; i++)
        {
            var name = node.Input[i];
            if (name.Length == 0 || flow.Of(name) is not null) continue;
            var shape = flow.Shape(name);
            var own = axis - (rank - shape.Length);
            if (own < 0 || shape[own] == 1) continue;
            if (flow.Constant(node, i) is not null) flow.Parameter(node, i, own, ids);
            else flow.Lock(ids, reason);
        }
        foreach (var output in node.Output.Where(o => o.Length > 0)) flow.Set(output, axis, ids);
    }

    /// <summary>Inference BatchNormalization: four vectors along axis 1.</summary>
    public static void BatchNormalization(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (input.Axis != 1 || Enumerable.Range(1, 4).Any(i => flow.Constant(node, i) is null))
        {
            flow.LockInputs(node, "only normalisation of axis 1 by constants is understood");
            return;
        }
        for (var i = 1; i <= 4; i++) flow.Parameter(node, i, 0, input.Ids);
        flow.Set(node.Output[0], 1, input.Ids);
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

    /// <summary>Reductions: channels pass unless their own axis is reduced.</summary>
    public static void Reduce(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        var rank = flow.Shape(node.Input[0]).Length;
        long[] axes;
        if (node.Ints("axes") is { } fixedAxes) axes = fixedAxes;
        else if (ChannelFlow.Has(node, 1))
        {
            if (flow.Constant(node, 1) is not { } constant)
            {
                flow.LockInputs(node, "its axes are computed in the graph");
                return;
            }
            axes = TensorData.Integers(constant);
        }
        else axes = [];
        if (axes.Length == 0 && node.Int("noop_with_empty_axes", 0) == 0) axes = [.. Enumerable.Range(0, rank).Select(a => (long)a)];
        var reduced = axes.Select(a => (int)(a < 0 ? a + rank : a)).ToHashSet();
        if (reduced.Contains(input.Axis))
        {
            flow.LockInputs(node, "reduces over the channel axis");
            return;
        }
        var axis = node.Int("keepdims", 1) != 0 ? input.Axis : input.Axis - reduced.Count(a => a < input.Axis);
        flow.Set(node.Output[0], axis, input.Ids);
    }

    /// <summary>Softmax and kin: channels pass unless they are normalised across.</summary>
    public static void AlongAxis(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        var rank = flow.Shape(node.Input[0]).Length;
        var opset = flow.Model.Proto.OpsetImport.Where(o => o.Domain is "" or "ai.onnx").Max(o => o.Version);
        var axis = (int)node.Int("axis", opset >= 13 ? -1 : 1);
        if (axis < 0) axis += rank;
        // Before opset 13 the operator flattens every axis from `axis` on.
        if (opset >= 13 ? axis == input.Axis : input.Axis >= axis) flow.LockInputs(node, "normalises across the channel axis");
        else flow.Set(node.Output[0], input.Axis, input.Ids);
    }
}
