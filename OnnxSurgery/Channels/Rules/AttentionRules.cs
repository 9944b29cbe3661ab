using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// The Attention operator (opset 23 on): query, key and value as [B, H, S, D] or packed [B, S, H x D]; fewer key and
/// value heads than query heads share them (grouped queries).
/// </summary>
static class AttentionRules
{
    const string Kept = "keys and values that are kept or returned fix the number and width of their heads";

    /// <summary>The rule.</summary>
    public static void Attention(NodeProto node, ChannelFlow flow)
    {
        var keeps = KeepsKeys(node, flow, 4, 5);
        if (keeps && (flow.HeadCut != HeadCut.Heads || flow.IsRead(node, 3)))
        {
            flow.LockInputs(node, "keeps past keys and values, or returns them; export the model without a cache, or cut whole heads (HeadCut.Heads)");
            return;
        }
        if (flow.Shape(node.Input[0]).Length != 3) Separate(node, flow, keeps);
        else if (Packed(node, flow, "q_num_heads", "kv_num_heads", keeps) is { } made) Mask(node, flow, made);
    }

    /// <summary>True when an attention reads past keys or values at these inputs, or what it returns beside its result is read.</summary>
    public static bool KeepsKeys(NodeProto node, ChannelFlow flow, params int[] past) =>
        past.Any(i => ChannelFlow.Has(node, i)) || Enumerable.Range(1, 3).Any(o => flow.IsRead(node, o));

    // [B, H, S, D]: the axes are there already.
    static void Separate(NodeProto node, ChannelFlow flow, bool keeps)
    {
        var inputs = Enumerable.Range(0, 3).Select(i => flow.Of(node.Input[i])).ToArray();
        if (inputs.Any(c => c is { Axis: not (1 or 3) }) || inputs.OfType<AxisChannels>().Select(c => c.Axis).Distinct().Count() > 1)
        {
            flow.LockInputs(node, "channels arrive on several axes of query, key and value, or along the tokens");
            return;
        }
        if (inputs.OfType<AxisChannels>().FirstOrDefault() is not { } first) return;
        var (heads, kvHeads) = ((int)flow.Shape(node.Input[0])[1], (int)flow.Shape(node.Input[1])[1]);
        if (first.Axis == 3)
        {
            if (keeps)
            {
                flow.LockInputs(node, Kept);
                return;
            }
            JoinQueryAndKey(node, flow, inputs[0]?.Ids, inputs[1]?.Ids);
            if (inputs[2] is { } value) flow.Set(node.Output[0], 3, value.Ids);
            return;
        }
        var made = JoinHeads(node, flow, heads, kvHeads, [.. inputs.Select(c => c?.Ids)], keeps);
        Mask(node, flow, made);
        flow.Set(node.Output[0], 1, made);
    }

    /// <summary>
    /// Query, key and value as [B, S, H x D]: what must stay rectangular is joined, either along the heads or along the
    /// dimensions.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="flow">The walk.</param>
    /// <param name="headCount">Attribute with the number of query heads.</param>
    /// <param name="kvHeadCount">Attribute with that of key and value heads.</param>
    /// <param name="keeps">True when keys and values are kept or returned, so that their heads stay.</param>
    /// <returns>One channel per query head where whole heads are cut, else null.</returns>
    public static int[]? Packed(NodeProto node, ChannelFlow flow, string headCount, string kvHeadCount, bool keeps = false)
    {
        var (heads, kvHeads) = ((int)node.Int(headCount, 1), (int)node.Int(kvHeadCount, 1));
        var inputs = Enumerable.Range(0, 3).Select(i => flow.Of(node.Input[i])).ToArray();
        if (inputs.Any(c => c is { Axis: not 2 }))
        {
            flow.LockInputs(node, "channels arrive along the tokens");
            return null;
        }
        if (inputs.All(c => c is null)) return null;
        var valueSize = (int)(flow.Shape(node.Input[2])[2] / kvHeads);
        if (flow.HeadCut == HeadCut.Heads) return WholeHeads(node, flow, [.. inputs.Select(c => c?.Ids)], heads, kvHeads, valueSize, headCount, kvHeadCount, keeps);
        // One identity per dimension of a head.
        int[]? Reduced(int input)
        {
            if (inputs[input]?.Ids is not { } ids) return null;
            var size = ids.Length / (input == 0 ? heads : kvHeads);
            var reason = flow.Because(node, "the heads of an attention are equally wide");
            for (var i = 0; i < ids.Length; i++) flow.Sets.Join(ids[i], ids[i % size], reason);
            return ids[..size];
        }
        int[]?[] reduced = [Reduced(0), Reduced(1), Reduced(2)];
        JoinQueryAndKey(node, flow, inputs[0]?.Ids, inputs[1]?.Ids, reduced[0], reduced[1]);
        if (reduced[2] is { } dims) flow.Set(node.Output[0], 2, [.. Enumerable.Range(0, heads * valueSize).Select(i => dims[i % valueSize])]);
        return null;
    }

    /// <summary>Cuts query, key and value (channels along their last axis, or null) by whole heads.</summary>
    /// <returns>One channel per query head.</returns>
    public static int[] WholeHeads(NodeProto node, ChannelFlow flow, int[]?[] sides, int heads, int kvHeads, int valueSize, string headCount, string kvHeadCount, bool keeps)
    {
        int[]? Reduced(int side)
        {
            if (sides[side] is not { } ids) return null;
            var count = side == 0 ? heads : kvHeads;
            var size = ids.Length / count;
            var reason = flow.Because(node, "a head goes as a whole");
            for (var i = 0; i < ids.Length; i++) flow.Sets.Join(ids[i], ids[i / size * size], reason);
            return [.. Enumerable.Range(0, count).Select(h => ids[h * size])];
        }
        var made = JoinHeads(node, flow, heads, kvHeads, [Reduced(0), Reduced(1), Reduced(2)], keeps);
        flow.Set(node.Output[0], 2, [.. Enumerable.Range(0, heads * valueSize).Select(i => made[i / valueSize])]);
        flow.Rewrite(node, site =>
        {
            site.Node.Set(headCount, site.KeptCount(made));
            if (!keeps) site.Node.Set(kvHeadCount, Enumerable.Range(0, kvHeads).Count(h => site.IsKept(made[h * (heads / kvHeads)])));
        });
        return made;
    }

    // Scores sum over dimensions; the scale stays that of the original width.
    static void JoinQueryAndKey(NodeProto node, ChannelFlow flow, int[]? query, int[]? key, int[]? queryDims = null, int[]? keyDims = null)
    {
        if (query is null && key is null) return;
        var reason = flow.Because(node, "query and key must both come from linear operators with constant weights");
        var (q, k) = (queryDims ?? query, keyDims ?? key);
        if (q is null || k is null)
        {
            flow.Lock((query ?? key)!, reason);
            return;
        }
        flow.Join(q, k, reason);
        flow.Consume(node, 0, flow.Of(node.Input[0])!);
        flow.Consume(node, 1, flow.Of(node.Input[1])!);
        if (node.Find("scale") is null)
            flow.Rewrite(node, site => site.Node.Set("scale", (float)(1 / Math.Sqrt(q.Length))));
    }

    // A key and value head goes with all query heads that it serves. Where those must stay, one query head of each goes.
    static int[] JoinHeads(NodeProto node, ChannelFlow flow, int heads, int kvHeads, int[]?[] sides, bool keeps)
    {
        if (keeps)
        {
            var stays = flow.Because(node, Kept);
            var each = heads / kvHeads;
            foreach (var side in sides.Skip(each == 1 ? 0 : 1).OfType<int[]>()) flow.Lock(side, stays);
            for (var h = 0; sides[0] is { } queries && h < heads; h++)
                flow.Sets.Join(queries[h], queries[h % each], flow.Because(node, "a query head goes with one of every group, since keys and values are kept or returned"));
            return sides[0] ?? new int[heads];
        }
        var reason = flow.Because(node, "query, key and value must all come from linear operators with constant weights, for heads to be removable");
        var made = sides[0] ?? new int[heads];
        for (var h = 0; h < heads; h++)
        {
            flow.Sets.Join(made[h], sides[1]?[h / (heads / kvHeads)] ?? 0, reason);
            flow.Sets.Join(made[h], sides[2]?[h / (heads / kvHeads)] ?? 0, reason);
        }
        // Without query channels the others are locked all the same.
        foreach (var side in sides.OfType<int[]>())
            if (sides.Any(s => s is null)) flow.Lock(side, reason);
        return made;
    }

    static void Mask(NodeProto node, ChannelFlow flow, int[] heads)
    {
        if (!ChannelFlow.Has(node, 3)) return;
        var shape = flow.Shape(node.Input[3]);
        if (shape.Length < 3 || shape[^3] == 1) return;
        if (flow.Constant(node, 3) is not null) flow.Parameter(node, 3, shape.Length - 3, heads);
        else flow.Lock(heads, flow.Because(node, $"its mask differs between heads and is {flow.Origin(node.Input[3])}"));
    }
}
