using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// Quantised operators. Scales and zero points of whole tensors stay; those with one entry per channel are cut with
/// the channels.
/// </summary>
static class QuantisedRules
{
    /// <summary>QuantizeLinear and DequantizeLinear of data.</summary>
    public static void Linear(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (node.Int("block_size", 0) != 0 || flow.Shape(node.Input[1]).Length > 1)
        {
            flow.LockInputs(node, "quantises in blocks");
            return;
        }
        CutScales(node, flow, input.Axis, input.Ids);
        flow.Set(node.Output[0], input.Axis, input.Ids);
    }

    /// <summary>Cuts scale and zero point of a QuantizeLinear or DequantizeLinear if they lie along the axis.</summary>
    public static void CutScales(NodeProto node, ChannelFlow flow, int axis, int[] ids)
    {
        var shape = flow.Shape(node.Input[1]);
        if (shape.Length == 0 || (shape.Length == 1 && shape[0] == 1)) return;
        var own = (int)node.Int("axis", 1);
        if (own < 0) own += flow.Shape(node.Input[0]).Length;
        if (shape.Length > 1 || node.Int("block_size", 0) != 0)
        {
            // Blocks lie along one axis; along the others scales and data are cut alike.
            if (own == axis || shape.Length != flow.Shape(node.Input[0]).Length || shape[axis] != ids.Length)
            {
                flow.Lock(ids, flow.Because(node, "quantises in blocks"));
                return;
            }
            own = axis;
        }
        else if (own != axis) return;
        for (var i = 1; i <= 2; i++)
        {
            if (!ChannelFlow.Has(node, i)) continue;
            if (flow.IsConstant(node, i)) flow.Parameter(node, i, shape.Length > 1 ? axis : 0, ids);
            else flow.Lock(ids, flow.Because(node, "its scales are computed in the graph"));
        }
    }

    /// <summary>
    /// DynamicQuantizeLinear: one scale from the extremes of the whole tensor. Zero is always between them, so that a
    /// channel of zeros counts for nothing: this node, too, must see zeros where a mask stands for removed channels.
    /// </summary>
    public static void Dynamic(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        flow.Mask(node, 0, input);
        flow.Set(node.Output[0], input.Axis, input.Ids);
    }

    /// <summary>ConvInteger: x, w, zero points.</summary>
    public static void ConvInteger(NodeProto node, ChannelFlow flow)
    {
        if (ConvolutionRules.Apply(node, flow, weight: 1, bias: int.MaxValue, transposed: false, ZeroPoint(node, 2)) is { } made)
            flow.ParameterVector(node, 3, made);
    }

    /// <summary>QLinearConv: x, scale, zero; w, scale, zero; scale and zero of the result; bias.</summary>
    public static void QLinearConv(NodeProto node, ChannelFlow flow)
    {
        if (ConvolutionRules.Apply(node, flow, weight: 3, bias: 8, transposed: false, ZeroPoint(node, 2)) is not { } made) return;
        for (var i = 4; i <= 7; i++) flow.ParameterVector(node, i, made);
    }

    /// <summary>MatMulInteger: a, b, zero points of a (per row) and b (per column).</summary>
    public static void MatMulInteger(NodeProto node, ChannelFlow flow)
    {
        if (Multiply(node, flow, right: 1, zeroPoint: 2) is { } made) flow.ParameterVector(node, 3, made);
    }

    /// <summary>QLinearMatMul: a, scale, zero; b, scale, zero; scale and zero of the result.</summary>
    public static void QLinearMatMul(NodeProto node, ChannelFlow flow)
    {
        if (Multiply(node, flow, right: 3, zeroPoint: 2) is not { } made) return;
        for (var i = 4; i <= 7; i++) flow.ParameterVector(node, i, made);
    }

    /// <summary>DynamicQuantizeMatMul: a (float), b, scales, zero points of b, bias. Quantises a as <see cref="Dynamic"/> does.</summary>
    public static void DynamicQuantizeMatMul(NodeProto node, ChannelFlow flow)
    {
        if (Multiply(node, flow, right: 1, zeroPoint: int.MaxValue) is not { } made) return;
        for (var i = 2; i <= 4; i++) flow.ParameterVector(node, i, made);
    }

    /// <summary>MatMulIntegerToFloat: a, b, scales of a and b, zero points of a and b, bias.</summary>
    public static void MatMulIntegerToFloat(NodeProto node, ChannelFlow flow)
    {
        if (Multiply(node, flow, right: 1, zeroPoint: 4) is not { } made) return;
        foreach (var i in (int[])[3, 5, 6]) flow.ParameterVector(node, i, made);
    }

    /// <summary>QLinearAdd and QLinearMul: two tensors, each with scale and zero point of the whole tensor.</summary>
    public static void QLinearBinary(NodeProto node, ChannelFlow flow) => PointwiseRules.Meet(node, flow, [0, 3]);

    /// <summary>QLinearSigmoid, QLinearLeakyRelu: scales and zero points of whole tensors.</summary>
    public static void QLinearUnary(NodeProto node, ChannelFlow flow) => PointwiseRules.Meet(node, flow, [0]);

    /// <summary>QLinearAveragePool and QLinearGlobalAveragePool in their default layout.</summary>
    public static void QLinearPool(NodeProto node, ChannelFlow flow)
    {
        if (node.Int("channels_last", 0) != 0) flow.LockInputs(node, "keeps channels last");
        else PointwiseRules.Pooling(node, flow);
    }

    // Data by a constant matrix on the right.
    static int[]? Multiply(NodeProto node, ChannelFlow flow, int right, int zeroPoint)
    {
        var constant = flow.IsConstant(node, right);
        // A zero point per row would have no one value for a channel of zeros.
        if (constant && !(ChannelFlow.Has(node, zeroPoint) && flow.Shape(node.Input[zeroPoint]).Any(d => d > 1)))
            return LinearRules.MatMul(node, flow, right: true, left: false, right, ZeroPoint(node, zeroPoint));
        flow.LockInputs(node, constant ? "its data has a zero point per row" : "only a constant right side is understood");
        return null;
    }

    static string? ZeroPoint(NodeProto node, int input) => ChannelFlow.Has(node, input) ? node.Input[input] : null;
}
