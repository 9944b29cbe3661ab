using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Matrix products by constants: they end the channels they read and start new ones.</summary>
static class LinearRules
{
    /// <summary>Gemm: alpha A' B' + beta C with a constant on either side; the contracted axis reads channels, the other makes them.</summary>
    public static void Gemm(NodeProto node, ChannelFlow flow)
    {
        var (transA, transB) = (node.Int("transA", 0) != 0, node.Int("transB", 0) != 0);
        var right = flow.IsConstant(node, 1);
        if (!right && !flow.IsConstant(node, 0))
        {
            flow.LockInputs(node, "multiplies two computed matrices");
            return;
        }
        var site = right
            ? new Contraction(node, Data: 0, Weight: 1, DataAxis: transA ? 0 : 1, InAxis: transB ? 1 : 0, OutAxis: transB ? 0 : 1, ResultAxis: 1)
            : new Contraction(node, Data: 1, Weight: 0, DataAxis: transB ? 1 : 0, InAxis: transA ? 0 : 1, OutAxis: transA ? 1 : 0, ResultAxis: 0);
        site.Apply(flow);
        if (ChannelFlow.Has(node, 2)) Bias(node, flow, 2);
    }

    /// <summary>MatMul by a constant on either side; leading axes of the constant are a batch of matrices.</summary>
    public static void MatMul(NodeProto node, ChannelFlow flow) => MatMul(node, flow, flow.IsConstant(node, 1), flow.IsConstant(node, 0));

    /// <summary>MatMul whose constant side is known.</summary>
    /// <returns>The new channels, or null when none start here.</returns>
    public static int[]? MatMul(NodeProto node, ChannelFlow flow, bool right, bool left, int rightInput = 1, string? zeroPoint = null)
    {
        if (right == left)
        {
            if (!right) flow.LockInputs(node, "multiplies two computed tensors");
            return null;
        }
        var (data, weight) = right ? (0, rightInput) : (rightInput, 0);
        var (x, w, y) = (flow.Shape(node.Input[data]).Length, flow.Shape(node.Input[weight]).Length, flow.Shape(node.Output[0]).Length);
        if (x < 2 || w < 2)
        {
            flow.LockInputs(node, "multiplies by a vector");
            return null;
        }
        var site = right
            ? new Contraction(node, data, weight, DataAxis: x - 1, InAxis: w - 2, OutAxis: w - 1, ResultAxis: y - 1)
            : new Contraction(node, data, weight, DataAxis: x - 2, InAxis: w - 1, OutAxis: w - 2, ResultAxis: y - 2);
        return (site with { ZeroPoint = zeroPoint }).Apply(flow);
    }

    // C is added with broadcasting.
    static void Bias(NodeProto node, ChannelFlow flow, int input)
    {
        var shape = flow.Shape(node.Input[input]);
        var made = flow.Of(node.Output[0]);
        var own = made is null ? -1 : made.Axis - (2 - shape.Length);
        if (flow.Of(node.Input[input]) is { } added)
        {
            if (made is not null && added.Axis == own && added.Ids.Length == made.Ids.Length)
                flow.Join(made.Ids, added.Ids, flow.Because(node, "meets a tensor whose channels must stay"));
            else flow.LockInputs(node, "its inputs carry channels on different axes");
            return;
        }
        if (made is null || own < 0 || shape[own] != made.Ids.Length || shape[own] == 1) return;
        if (flow.IsConstant(node, input)) flow.Parameter(node, input, own, made.Ids);
        else flow.Lock(made.Ids, flow.Because(node, "meets a tensor whose channels must stay"));
    }
}
