using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// Normalisations by the root of a mean of squares. A channel of zeros adds nothing to the sum, so that channels can go: of C0
/// left C1, the same comes of gamma times sqrt(C0/C1) and epsilon times C0/C1. A mask must stand at the node's own data.
/// </summary>
static class RootMeanSquareRules
{
    /// <summary>RMSNormalization and SimplifiedLayerNormalization: every axis from `axis` on is normalised across.</summary>
    public static void Normalise(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not { } input) return;
        var rank = flow.Shape(node.Input[0]).Length;
        var axis = (int)node.Int("axis", -1);
        if (axis < 0) axis += rank;
        if (input.Axis < axis)
        {
            NormalisationRules.LayerNormalization(node, flow);
            return;
        }
        if (flow.Model.Trace.BatchAxis(node.Input[0]) >= axis) flow.LockInputs(node, "normalises across the batch and the channel axis at once");
        else if (flow.IsRead(node, 1)) flow.LockInputs(node, "returns the deviation across the channel axis");
        else if (Rescale(node, flow, 1, input, rank, 1e-5f))
        {
            flow.Mask(node, 0, input);
            flow.Set(node.Output[0], input.Axis, input.Ids);
        }
    }

    /// <summary>SkipSimplifiedLayerNormalization: input, skip, gamma and bias [C]; the sum of the first two and the bias is output 3.</summary>
    public static void SkipNormalise(NodeProto node, ChannelFlow flow)
    {
        var rank = flow.Shape(node.Input[0]).Length;
        int[] data = [.. ((int[])[0, 1, 3]).Where(i => ChannelFlow.Has(node, i))];
        if (Array.TrueForAll(data, i => flow.Of(node.Input[i]) is null)) return;
        if (flow.IsRead(node, 1) || flow.IsRead(node, 2))
        {
            flow.LockInputs(node, "returns the deviation across the channel axis");
            return;
        }
        PointwiseRules.Meet(node, flow, data);
        if (flow.Of(node.Output[0]) is not { } made || made.Axis != rank - 1 || !Rescale(node, flow, 2, made, rank, 1e-12f)) return;
        foreach (var i in data) flow.Mask(node, i, new AxisChannels(flow.Shape(node.Input[i]).Length - 1, made.Ids));
    }

    static bool Rescale(NodeProto node, ChannelFlow flow, int gamma, AxisChannels channels, int rank, float epsilon)
    {
        var (name, ids) = (node.Input[gamma], channels.Ids);
        var shape = flow.Shape(name);
        var own = channels.Axis - (rank - shape.Length);
        if (flow.Of(name) is not null || (own >= 0 && shape[own] > 1 && !flow.IsConstant(node, gamma)))
        {
            flow.LockInputs(node, "its scale is computed in the graph");
            return false;
        }
        if (own >= 0 && shape[own] > 1) flow.Parameter(node, gamma, own, ids);
        var index = flow.Model.Index;
        var isItsOwn = index.Initializer(name) is not null && index.Consumers(name).Count == 1 && !index.IsOutput(name) && !index.IsCaptured(name);
        var type = (TensorProto.Types.DataType)flow.Model.Trace.ElementType(node.Output[0]);
        flow.Rewrite(node, site =>
        {
            var kept = site.KeptCount(ids);
            if (kept == ids.Length) return;
            var ratio = (double)ids.Length / kept;
            var factor = (float)Math.Sqrt(ratio);
            // A gamma that others read or that is computed stays; the result is multiplied instead.
            if (isItsOwn) site.Scale(gamma, factor);
            else site.InsertAfter("Mul", site.AddFloat($"{site.Node.Output[0]}_share", factor, type));
            site.Node.Set("epsilon", (float)(node.Float("epsilon", epsilon) * ratio));
        });
        return true;
    }
}
