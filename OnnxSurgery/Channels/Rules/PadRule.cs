using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// Pad: constant padding along the channel axis makes channels of its own (the zero channels of an option-A
/// shortcut); along other axes the padding belongs to the channel it extends.
/// </summary>
static class PadRule
{
    /// <summary>Pads as attribute or input, of all axes or of chosen ones.</summary>
    public static void Pad(NodeProto node, ChannelFlow flow)
    {
        var rank = flow.Shape(node.Input[0]).Length;
        var input = flow.Of(node.Input[0]);
        var axis = input?.Axis ?? 1;
        if (rank <= axis) return;
        var asInput = ChannelFlow.Has(node, 1);
        if (asInput && flow.Constant(node, 1) is null && !ChannelFlow.Has(node, 3) && ComputedEntries.AreZero(node.Input[1], [axis, axis + rank], flow))
        {
            if (input is not null) flow.Set(node.Output[0], axis, input.Ids);
            return;
        }
        if ((asInput && flow.Constant(node, 1) is null) || (ChannelFlow.Has(node, 3) && flow.Constant(node, 3) is null))
        {
            flow.LockInputs(node, "its pads are computed in the graph");
            return;
        }
        long[] axes = flow.Constant(node, 3) is { } chosen
            ? [.. TensorData.Integers(chosen).Select(a => a < 0 ? a + rank : a)] : [.. Enumerable.Range(0, rank).Select(a => (long)a)];
        var at = Array.IndexOf(axes, axis);
        var pads = asInput ? TensorData.Integers(flow.Constant(node, 1)!) : node.Ints("pads") ?? node.Ints("paddings") ?? new long[2 * rank];
        var (before, after) = at < 0 ? (0, 0) : ((int)pads[at], (int)pads[at + axes.Length]);
        if (before == 0 && after == 0)
        {
            if (input is not null) flow.Set(node.Output[0], axis, input.Ids);
            return;
        }
        if (before < 0 || after < 0 || node.Text("mode", "constant") != "constant")
        {
            flow.LockInputs(node, "crops or mirrors channels");
            return;
        }
        var inner = input?.Ids ?? new int[flow.Shape(node.Input[0])[axis]];
        var fresh = flow.Sets.Fresh(before + after);
        int[] made = [.. fresh[..before], .. new int[inner.Length], .. fresh[before..]];
        flow.Producers.Add(new ProducerSlice(node, made));
        flow.Set(node.Output[0], axis, [.. fresh[..before], .. inner, .. fresh[before..]]);
        flow.Rewrite(node, site =>
        {
            var left = asInput ? site.Integers(1) : (long[])pads.Clone();
            left[at] = site.KeptCount(fresh[..before]);
            left[at + axes.Length] = site.KeptCount(fresh[before..]);
            if (asInput) site.SetIntegers(1, left);
            else site.Node.Set(node.Ints("pads") is null ? "paddings" : "pads", left);
        });
    }
}
