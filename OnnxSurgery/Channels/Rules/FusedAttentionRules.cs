using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>What ONNX Runtime's optimiser makes of transformers: attention and its neighbours as single nodes (com.microsoft).</summary>
static class FusedAttentionRules
{
    const string Cache = "keeps past keys and values, or returns them; export the model without a cache";

    /// <summary>Attention: the input, packed weights [D, queries + keys + values], their bias, a mask, a bias of the scores (input 5).</summary>
    public static void Attention(NodeProto node, ChannelFlow flow)
    {
        if (ChannelFlow.Has(node, 4) || node.Output.Skip(1).Any(o => o.Length > 0))
        {
            flow.LockInputs(node, Cache);
            return;
        }
        if (!flow.IsConstant(node, 1) || !flow.IsConstantOrAbsent(node, 2) || node.Int("do_rotary", 0) != 0)
        {
            flow.LockInputs(node, "its weights are computed in the graph, or it rotates positions");
            return;
        }
        if (flow.Of(node.Input[0]) is { } input)
        {
            if (input.Axis == 2)
            {
                flow.Consume(node, 0, input);
                flow.Parameter(node, 1, 0, input.Ids);
            }
            else flow.Lock(input.Ids, flow.Because(node, "channels arrive along the tokens"));
        }
        var heads = (int)node.Int("num_heads", 1);
        var total = (int)flow.Shape(node.Input[1])[1];
        int[] sizes = node.Ints("qkv_hidden_sizes") is { } given ? [.. given.Select(s => (int)s)] : [total / 3, total / 3, total / 3];
        var (queryIds, keyIds, valueIds) = Identities(flow, heads, sizes);
        int[] packed = [.. queryIds, .. keyIds, .. valueIds];
        flow.Producers.Add(new ProducerSlice(node, packed));
        flow.Parameter(node, 1, 1, packed);
        // Queries and keys meet inside the node, so that a mask must stand at the weights that make them.
        flow.Mask(node, 1, new AxisChannels(1, packed));
        if (ChannelFlow.Has(node, 2))
        {
            flow.Parameter(node, 2, 0, packed);
            flow.Mask(node, 2, new AxisChannels(0, packed));
        }
        ScoreBias(node, flow, 5, heads, queryIds);
        flow.Set(node.Output[0], 2, valueIds);
        var scale = Scale(node, sizes[0] / heads);
        flow.Rewrite(node, site =>
        {
            site.Node.Set("qkv_hidden_sizes", site.KeptCount(queryIds), site.KeptCount(keyIds), site.KeptCount(valueIds));
            site.Node.Set("scale", scale);
            if (flow.HeadCut == HeadCut.Heads) site.Node.Set("num_heads", site.KeptCount(queryIds) / (queryIds.Length / heads));
        });
    }

    // The same dimensions of every head, those of queries and keys alike; or whole heads.
    static (int[] Query, int[] Key, int[] Value) Identities(ChannelFlow flow, int heads, int[] sizes)
    {
        if (flow.HeadCut == HeadCut.Heads)
        {
            var made = flow.Sets.Fresh(heads);
            int[] Wide(int size) => [.. Enumerable.Range(0, size).Select(i => made[i / (size / heads)])];
            return (Wide(sizes[0]), Wide(sizes[1]), Wide(sizes[2]));
        }
        int[] Repeated(int[] dims) => [.. Enumerable.Repeat(dims, heads).SelectMany(d => d)];
        var (both, values) = (Repeated(flow.Sets.Fresh(sizes[0] / heads)), Repeated(flow.Sets.Fresh(sizes[2] / heads)));
        return (both, both, values);
    }

    /// <summary>MultiHeadAttention: query, key, value [B, S, H x D], a bias of the three, a padding mask, a bias of the scores (input 5).</summary>
    public static void MultiHead(NodeProto node, ChannelFlow flow)
    {
        if (Enumerable.Range(6, 4).Any(i => ChannelFlow.Has(node, i)) || node.Output.Skip(1).Any(o => o.Length > 0))
        {
            flow.LockInputs(node, Cache);
            return;
        }
        if (!ChannelFlow.Has(node, 1) || !ChannelFlow.Has(node, 2) || Enumerable.Range(0, 3).Any(i => flow.Shape(node.Input[i]).Length != 3) || !flow.IsConstantOrAbsent(node, 3))
        {
            flow.LockInputs(node, "only separate queries, keys and values [batch, tokens, width] are understood");
            return;
        }
        var heads = (int)node.Int("num_heads", 1);
        int[]?[] ids = [.. Enumerable.Range(0, 3).Select(i => flow.Of(node.Input[i])?.Ids)];
        AttentionRules.Packed(node, flow, "num_heads", "num_heads");
        ScoreBias(node, flow, 5, heads, ids[0] ?? []);
        if (!ChannelFlow.Has(node, 3) || ids.All(i => i is null)) return;
        int[] biased = [.. Enumerable.Range(0, 3).SelectMany(i => ids[i] ?? new int[flow.Shape(node.Input[i])[2]])];
        flow.Parameter(node, 3, 0, biased);
        flow.Mask(node, 3, new AxisChannels(0, biased));
    }

    /// <summary>A bias of the scores, [batch or 1, heads or 1, S, S], loses what the heads lose.</summary>
    public static void ScoreBias(NodeProto node, ChannelFlow flow, int input, int heads, int[] query)
    {
        if (!ChannelFlow.Has(node, input)) return;
        if (flow.Of(node.Input[input]) is { } own) flow.Lock(own.Ids, flow.Because(node, "they are added to its scores"));
        if (flow.HeadCut != HeadCut.Heads || query.Length == 0 || flow.Shape(node.Input[input])[1] == 1) return;
        int[] made = [.. Enumerable.Range(0, heads).Select(h => query[h * (query.Length / heads)])];
        if (flow.IsConstant(node, input)) flow.Parameter(node, input, 1, made);
        else flow.Lock(made, flow.Because(node, $"its mask differs between heads and is {flow.Origin(node.Input[input])}"));
    }

    static float Scale(NodeProto node, int size) => node.Float("scale", 0) is var given and not 0 ? given : (float)(1 / Math.Sqrt(size));

    /// <summary>SkipLayerNormalization: two streams are added and normalised across the last axis.</summary>
    public static void SkipNormalization(NodeProto node, ChannelFlow flow) => flow.LockInputs(node, "normalises across the channel axis");

    /// <summary>FusedMatMul: a matrix product whose operands may be transposed and whose result is scaled.</summary>
    public static void FusedMatMul(NodeProto node, ChannelFlow flow)
    {
        if (node.Int("transBatchA", 0) != 0 || node.Int("transBatchB", 0) != 0 || Enumerable.Range(0, 2).Any(i => flow.Shape(node.Input[i]).Length < 2))
            flow.LockInputs(node, "moves batch axes, or multiplies by a vector");
        else ContractionRules.Product(node, flow, node.Int("transA", 0) != 0, node.Int("transB", 0) != 0);
    }
}
