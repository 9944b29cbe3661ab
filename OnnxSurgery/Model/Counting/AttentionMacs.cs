namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>
/// Attention: queries by keys, and what comes of it by values, each over the whole length of the keys, past ones
/// included. What a causal mask hides is counted: ONNX Runtime computes it, too.
/// </summary>
static class AttentionMacs
{
    /// <summary>The operator of opset 23: Q, K, V as [B, H, S, D] or [B, S, H x D], past keys [B, H, P, D] at input 4.</summary>
    public static IReadOnlyList<MacTerm> Standard(NodeSizes sizes)
    {
        var keys = Tokens(sizes.Input(1)) + (sizes.Has(4) ? sizes.Input(4)[2] : 0);
        return [new(keys, [.. sizes.InputAxes(0)]), new(keys, [.. sizes.OutputAxes()])];
    }

    /// <summary>com.microsoft.Attention: X [B, S, D] by packed weights [D, queries + keys + values]; past [2, B, H, P, d] at input 4.</summary>
    public static IReadOnlyList<MacTerm> Packed(NodeSizes sizes)
    {
        var (batch, tokens) = (sizes.InputAxis(0, 0), sizes.InputAxis(0, 1));
        var queries = sizes.Node.Ints("qkv_hidden_sizes") is [var given, ..] ? given : sizes.Input(1)[^1] / 3;
        var keys = sizes.Output(1) is { Count: 5 } present ? present[3] : tokens.Size + (sizes.Has(4) ? sizes.Input(4)[3] : 0);
        return [new(1, [batch, tokens, sizes.Whole(1)]), new(keys, [batch, tokens, new FirstMade(queries)]), new(keys, [.. sizes.OutputAxes()])];
    }

    /// <summary>
    /// com.microsoft.MultiHeadAttention: queries [B, S, H x D], or all three as [B, S, H, 3, D]; keys [B, L, H x D], packed with the
    /// values as [B, L, H, 2, D], or [B, H, L, D]; past keys [B, H, P, D] at input 6.
    /// </summary>
    public static IReadOnlyList<MacTerm> MultiHead(NodeSizes sizes)
    {
        var keys = Present(sizes) ?? Tokens(sizes.Input(sizes.Has(1) ? 1 : 0)) + (sizes.Has(6) ? sizes.Input(6)[2] : 0);
        return [new(keys, sizes.Input(0).Count == 5 ? [.. sizes.InputAxes(0, without: 3)] : [.. sizes.InputAxes(0)]), new(keys, [.. sizes.OutputAxes()])];
    }

    /// <summary>
    /// com.microsoft.GroupQueryAttention: queries [B, S, H x D], or with keys and values behind them; past keys [B, G, P, D] at
    /// input 3. Queries are as wide as the result.
    /// </summary>
    public static IReadOnlyList<MacTerm> Grouped(NodeSizes sizes)
    {
        var keys = Present(sizes) ?? Tokens(sizes.Input(sizes.Has(1) ? 1 : 0)) + (sizes.Has(3) ? sizes.Input(3)[2] : 0);
        return [new(keys, sizes.Has(1) ? [.. sizes.InputAxes(0)] : [.. sizes.OutputAxes()]), new(keys, [.. sizes.OutputAxes()])];
    }

    static long? Present(NodeSizes sizes) => sizes.Output(1) is { Count: 4 } present ? present[2] : null;

    static long Tokens(IReadOnlyList<long> shape) => shape.Count == 4 ? shape[2] : shape.Count > 1 ? shape[1] : throw new UnknownSizeException();
}
