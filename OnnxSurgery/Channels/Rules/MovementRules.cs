using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery;

/// <summary>
/// Operators that only move elements. Where the channels go is found by running the operator on identities; what
/// each rule adds is how the operator's constants change when channels are removed.
/// </summary>
static class MovementRules
{
    /// <summary>Transpose, Flatten, Squeeze, Unsqueeze, DepthToSpace, Tile ...: no constants to rewrite.</summary>
    public static void Move(NodeProto node, ChannelFlow flow) => Execute(node, flow, i => i == 0);

    /// <summary>Concat: every input is data.</summary>
    public static void Concat(NodeProto node, ChannelFlow flow) => Execute(node, flow, _ => true);

    /// <summary>Reshape and Expand: the target's entry for the channel axis becomes what is left of it.</summary>
    public static void Reshape(NodeProto node, ChannelFlow flow)
    {
        if (!Execute(node, flow, i => i == 0) || flow.Of(node.Output[0]) is not { } output) return;
        if (!ChannelFlow.Has(node, 1))
        {
            flow.LockInputs(node, "its target shape is an attribute of a very old opset");
            return;
        }
        var inShape = flow.Shape(node.Input[0]);
        var input = flow.Of(node.Input[0])!;
        flow.Rewrite(node, site =>
        {
            var target = site.Integers(1);
            var axis = output.Axis - (flow.Shape(node.Output[0]).Length - target.Length);
            if (axis < 0) return;
            var kept = site.KeptCount(output.Ids);
            var copies = node.OpType == "Reshape" && target[axis] == 0;
            if (copies && (input.Axis != axis || site.KeptCount(input.Ids) != kept)) target[axis] = kept;
            else if (target[axis] > 0 && !(node.OpType == "Expand" && target[axis] == 1)) target[axis] = kept;
            // A 0 that copies the shrunk channel axis of the input to an axis that does not shrink is spelt out.
            if (node.OpType == "Reshape" && input.Axis != axis && input.Axis < target.Length && target[input.Axis] == 0)
                target[input.Axis] = inShape[input.Axis];
            site.SetIntegers(1, target);
        });
    }

    /// <summary>Slice with constant bounds; along the channel axis only with step 1.</summary>
    public static void Slice(NodeProto node, ChannelFlow flow)
    {
        if (!Execute(node, flow, i => i == 0) || flow.Of(node.Input[0]) is not { } input) return;
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
        var start = (int)Math.Clamp(starts[at] < 0 ? starts[at] + dim : starts[at], 0, dim);
        var end = (int)Math.Clamp(ends[at] < 0 ? ends[at] + dim : ends[at], start, dim);
        if (steps[at] != 1)
        {
            flow.LockInputs(node, steps[at] < 0 ? "reverses the channels" : "takes every n-th channel");
            return;
        }
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

    /// <summary>Split: along the channel axis the sizes become what is left of each part.</summary>
    public static void Split(NodeProto node, ChannelFlow flow)
    {
        if (!Execute(node, flow, i => i == 0) || flow.Of(node.Input[0]) is not { } input) return;
        var rank = flow.Shape(node.Input[0]).Length;
        var axis = (int)node.Int("axis", 0);
        if ((axis < 0 ? axis + rank : axis) != input.Axis) return;
        var sizes = node.Output.Select(o => (int)flow.Shape(o)[input.Axis]).ToArray();
        var opset = flow.Model.Proto.OpsetImport.Where(o => o.Domain is "" or "ai.onnx").Max(o => o.Version);
        flow.Rewrite(node, site =>
        {
            var left = new long[sizes.Length];
            for (int i = 0, from = 0; i < sizes.Length; from += sizes[i++])
                left[i] = site.KeptCount(input.Ids[from..(from + sizes[i])]);
            if (opset < 13) site.Node.Set("split", left);
            else
            {
                site.ReplaceIntegers(1, left);
                if (site.Node.Find("num_outputs") is { } count) site.Node.Attribute.Remove(count);
            }
        });
    }

    /// <summary>Gather with constant indices: along the channel axis the indices are renumbered.</summary>
    public static void Gather(NodeProto node, ChannelFlow flow)
    {
        if (!Execute(node, flow, i => i == 0) || flow.Of(node.Input[0]) is not { } input) return;
        var axis = (int)node.Int("axis", 0);
        if ((axis < 0 ? axis + flow.Shape(node.Input[0]).Length : axis) != input.Axis) return;
        var indices = flow.Constant(node, 1)!;
        if (indices.Dims.Count != 1)
        {
            flow.LockInputs(node, "picks channels by a scalar or a table");
            return;
        }
        flow.Rewrite(node, site =>
        {
            var dim = input.Ids.Length;
            var rank = new int[dim];
            for (int i = 0, next = 0; i < dim; i++) rank[i] = site.IsKept(input.Ids[i]) ? next++ : -1;
            site.ReplaceIntegers(1, [.. TensorData.Integers(indices).Select(i => (long)rank[i < 0 ? i + dim : i]).Where(r => r >= 0)]);
        });
    }

    /// <summary>
    /// Pad: constant padding along the channel axis makes channels of its own (the zero channels of an option-A
    /// shortcut); along other axes the padding belongs to the channel it extends.
    /// </summary>
    public static void Pad(NodeProto node, ChannelFlow flow)
    {
        var rank = flow.Shape(node.Input[0]).Length;
        var input = flow.Of(node.Input[0]);
        if (ChannelFlow.Has(node, 3) || (ChannelFlow.Has(node, 1) && flow.Constant(node, 1) is null))
        {
            flow.LockInputs(node, "its pads are computed in the graph or given for chosen axes");
            return;
        }
        var asInput = ChannelFlow.Has(node, 1);
        var pads = asInput ? TensorData.Integers(flow.Constant(node, 1)!) : node.Ints("pads") ?? node.Ints("paddings") ?? new long[2 * rank];
        var axis = input?.Axis ?? 1;
        if (rank <= axis) return;
        var (before, after) = ((int)pads[axis], (int)pads[axis + rank]);
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
            left[axis] = site.KeptCount(fresh[..before]);
            left[axis + rank] = site.KeptCount(fresh[before..]);
            if (asInput) site.SetIntegers(1, left);
            else site.Node.Set(node.Ints("pads") is null ? "paddings" : "pads", left);
        });
    }

    // Carries the channels through the node; false when there is nothing to carry or it cannot be done.
    static bool Execute(NodeProto node, ChannelFlow flow, Func<int, bool> isData)
    {
        if (node.Input.Where((_, i) => !isData(i)).Any(n => flow.Of(n) is not null))
            flow.LockInputs(node, "where its elements go depends on channels");
        if (!node.Input.Where((_, i) => isData(i)).Any(n => flow.Of(n) is not null)) return false;
        for (var i = 0; i < node.Input.Count; i++)
            if (!isData(i) && ChannelFlow.Has(node, i) && flow.Constant(node, i) is null)
            {
                flow.LockInputs(node, "where its elements go is computed in the graph");
                return false;
            }
        var moved = IndexExecution.Run(node, flow, isData);
        var heads = node.OpType == "Reshape" ? flow.HeadAxes.Of(node.Output[0]) : null;
        var outputs = node.Output.Where(o => o.Length > 0).ToArray();
        for (var o = 0; o < outputs.Length; o++)
        {
            var (ids, shape) = moved[o];
            if (ids.Length == 0) continue;
            var reason = flow.Because(node, "mixes channels with others that must stay");
            var batchAxis = flow.Model.Trace.BatchAxis(outputs[o]);
            if (IndexExecution.Compress(ids, shape, batchAxis, flow, reason, heads) is { } channels) flow.Set(outputs[o], channels.Axis, channels.Ids);
            else flow.Lock(ids, flow.Because(node, heads is not null && flow.HeadCut == HeadCut.Heads
                ? "merges heads with the batch; cut dimensions of heads instead (--attention dims)"
                : "leaves no axis along which channels could be cut"));
        }
        return true;
    }
}
