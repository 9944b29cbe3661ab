using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Slice and Gather: what they pick of the channel axis is renumbered.</summary>
static class PickingRules
{
    /// <summary>Slice, along the channel axis with constant bounds; with steps there it becomes a Gather.</summary>
    public static void Slice(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is { } whole && LeavesAxis(node, flow, whole.Axis))
        {
            flow.Set(node.Output[0], whole.Axis, whole.Ids);
            return;
        }
        if (!MovementRules.Execute(node, flow, i => i == 0) || flow.Of(node.Input[0]) is not { } input) return;
        var rank = flow.Shape(node.Input[0]).Length;
        var asInputs = ChannelFlow.Has(node, 1);
        var starts = asInputs ? TensorData.Integers(flow.Constant(node, 1)!) : node.Ints("starts")!;
        var ends = asInputs ? TensorData.Integers(flow.Constant(node, 2)!) : node.Ints("ends")!;
        var axes = (asInputs ? flow.Constant(node, 3) is { } a ? TensorData.Integers(a) : null : node.Ints("axes"))
            ?? [.. Enumerable.Range(0, starts.Length).Select(x => (long)x)];
        var steps = asInputs && flow.Constant(node, 4) is { } s ? TensorData.Integers(s) : [.. starts.Select(_ => 1L)];
        var at = Array.FindIndex(axes, x => (x < 0 ? x + rank : x) == input.Axis);
        if (at < 0) return;
        var dim = input.Ids.Length;
        if (steps[at] != 1)
        {
            Stepped(node, flow, input, at, Places(starts[at], ends[at], steps[at], dim));
            return;
        }
        var start = (int)Math.Clamp(starts[at] < 0 ? starts[at] + dim : starts[at], 0, dim);
        var end = (int)Math.Clamp(ends[at] < 0 ? ends[at] + dim : ends[at], start, dim);
        if (start == 0 && end == dim) return;
        flow.Rewrite(node, site =>
        {
            var newStart = site.KeptCount(input.Ids[..start]);
            var newEnd = newStart + site.KeptCount(input.Ids[start..end]);
            if (asInputs)
            {
                var (b, e) = (site.Integers(1), site.Integers(2));
                (b[at], e[at]) = (newStart, newEnd);
                site.SetIntegers(1, b);
                site.SetIntegers(2, e);
                return;
            }
            var (sa, ea) = ((long[])starts.Clone(), (long[])ends.Clone());
            (sa[at], ea[at]) = (newStart, newEnd);
            site.Node.Set("starts", sa);
            site.Node.Set("ends", ea);
        });
    }

    // Bounds of other axes may be computed, as long as they do not come from channels.
    static bool LeavesAxis(NodeProto node, ChannelFlow flow, int axis)
    {
        if (!ChannelFlow.Has(node, 1) || node.Input.Skip(1).Any(i => flow.Of(i) is not null)) return false;
        var rank = flow.Shape(node.Input[0]).Length;
        if (!ChannelFlow.Has(node, 3)) return axis >= flow.Shape(node.Input[1])[0];
        return flow.Constant(node, 3) is { } axes && TensorData.Integers(axes).All(a => (a < 0 ? a + rank : a) != axis);
    }

    static int[] Places(long start, long end, long step, int dim)
    {
        long Bound(long x) => Math.Clamp(x < 0 ? x + dim : x, step > 0 ? 0 : -1, step > 0 ? dim : dim - 1);
        List<int> places = [];
        for (var p = Bound(start); step > 0 ? p < Bound(end) : p > Bound(end); p += step) places.Add((int)p);
        return [.. places];
    }

    // What is left of every n-th channel is no regular sequence: a Gather picks it, the Slice keeps its other axes.
    static void Stepped(NodeProto node, ChannelFlow flow, AxisChannels input, int at, int[] places) => flow.Rewrite(node, site =>
    {
        if (site.KeptCount(input.Ids) == input.Ids.Length) return;
        var name = $"{site.Node.Output[0]}_channels";
        var gather = NodeAttributes.Node("Gather", [site.Node.Input[0], site.AddIntegers($"{name}_kept", site.Renumbered(places, input.Ids))], [name], name);
        gather.Set("axis", input.Axis);
        site.InsertBefore(gather);
        var (starts, ends, steps) = (site.Integers(1), site.Integers(2), site.Integers(4));
        (starts[at], ends[at], steps[at]) = (0, int.MaxValue, 1);
        site.SetIntegers(1, starts);
        site.SetIntegers(2, ends);
        site.SetIntegers(4, steps);
    });

    /// <summary>Gather with constant indices: along the channel axis the indices are renumbered. Rows of a constant table make channels.</summary>
    public static void Gather(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is null && flow.Of(node.Input[1]) is null && flow.IsConstant(node, 0))
        {
            Embed(node, flow);
            return;
        }
        var axis = (int)node.Int("axis", 0);
        if (axis < 0) axis += flow.Shape(node.Input[0]).Length;
        if (flow.Of(node.Input[0]) is { } free && flow.Of(node.Input[1]) is null && free.Axis != axis && flow.Constant(node, 1) is null)
        {
            // Which places of another axis are picked changes nothing for the channels.
            var indexRank = flow.Shape(node.Input[1]).Length;
            flow.Set(node.Output[0], free.Axis < axis ? free.Axis : free.Axis + indexRank - 1, free.Ids);
            return;
        }
        if (!MovementRules.Execute(node, flow, i => i == 0) || flow.Of(node.Input[0]) is not { } input || axis != input.Axis) return;
        var indices = flow.Constant(node, 1)!;
        var output = flow.Of(node.Output[0]);
        flow.Rewrite(node, site =>
        {
            if (site.KeptCount(input.Ids) == input.Ids.Length) return;
            var dim = input.Ids.Length;
            var places = TensorData.Integers(indices).Select(i => (int)(i < 0 ? i + dim : i));
            long[] dims = [.. indices.Dims];
            if (output is not null && output.Axis >= axis && output.Axis < axis + dims.Length) dims[output.Axis - axis] = site.KeptCount(output.Ids);
            site.ReplaceIntegers(1, site.Renumbered(places, input.Ids), dims);
        });
    }

    // An embedding: its width is a channel axis of its own.
    static void Embed(NodeProto node, ChannelFlow flow)
    {
        var table = flow.Shape(node.Input[0]);
        if (table.Length != 2 || node.Int("axis", 0) is not (0 or -2) || flow.IsConstant(node, 1) || !flow.IsFloat(node.Output[0])) return;
        var made = flow.Produce(node, (int)table[1]);
        flow.Parameter(node, 0, 1, made);
        flow.Set(node.Output[0], flow.Shape(node.Output[0]).Length - 1, made);
    }
}
