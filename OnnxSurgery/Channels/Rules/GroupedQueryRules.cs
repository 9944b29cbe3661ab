using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// com.microsoft.GroupQueryAttention: query [B, S, H x D], key and value [B, S, G x D], or all three behind each other in the first
/// input. Heads go as a whole: positions are rotated by caches of the size of a head.
/// </summary>
static class GroupedQueryRules
{
    const int PastKey = 3, PastValue = 4, ScoreBias = 10, Sink = 11, KeyScale = 12, ValueScale = 13;

    /// <summary>The rule.</summary>
    public static void Attention(NodeProto node, ChannelFlow flow)
    {
        if (!node.Input.Any(i => flow.Of(i) is not null)) return;
        if (WhyNot(node, flow) is { } reason)
        {
            flow.LockInputs(node, reason);
            return;
        }
        var (heads, groups) = ((int)node.Int("num_heads", 1), (int)node.Int("kv_num_heads", 1));
        var isPacked = !ChannelFlow.Has(node, 1);
        var size = (int)flow.Shape(node.Input[0])[2] / (isPacked ? heads + (2 * groups) : heads);
        var (q, k) = (heads * size, (heads + groups) * size);
        int[]?[] sides = !isPacked ? [.. Enumerable.Range(0, 3).Select(i => flow.Of(node.Input[i])?.Ids)]
            : flow.Of(node.Input[0])?.Ids is { } all ? [all[..q], all[q..k], all[k..]] : [null, null, null];
        if (Array.TrueForAll(sides, s => s is null)) return;
        var made = AttentionRules.WholeHeads(node, flow, sides, heads, groups, size, "num_heads", "kv_num_heads", AttentionRules.KeepsKeys(node, flow, PastKey, PastValue));
        FusedAttentionRules.ScoreBias(node, flow, ScoreBias, heads, made);
        flow.ParameterVector(node, Sink, made);
    }

    static string? WhyNot(NodeProto node, ChannelFlow flow)
    {
        if (flow.HeadCut != HeadCut.Heads) return "only whole heads of grouped queries can go (HeadCut.Heads)";
        if (flow.IsRead(node, 3)) return "returns the scores of every head";
        if (ChannelFlow.Has(node, KeyScale) || ChannelFlow.Has(node, ValueScale)) return "quantises past keys and values";
        if (node.Input.Where((name, i) => i is > 2 and not ScoreBias && name.Length > 0 && flow.Of(name) is not null).Any()) return "channels arrive at an input that is no query, key or value";
        return node.Input.Take(3).Any(i => flow.Of(i) is { Axis: not 2 }) ? "channels arrive along the tokens" : null;
    }
}
