namespace OnnxEdit.Engine.Data;

/// <summary>The inputs of text models by the names that exporters give them.</summary>
static class TokenInputs
{
    /// <summary>Token ids, [items, positions].</summary>
    public static bool IsIds(string name) => name is "input_ids" or "input.ids" or "token_ids" or "tokens";

    /// <summary>1 at every position of an item, 0 at padding.</summary>
    public static bool IsMask(string name) => name is "attention_mask" or "input_mask" or "mask";

    /// <summary>0 in the first text of an item, 1 in the second.</summary>
    public static bool IsTypes(string name) => name is "token_type_ids" or "segment_ids";

    /// <summary>Any of these.</summary>
    public static bool IsSequence(string name) => IsIds(name) || IsMask(name) || IsTypes(name) || IsPositions(name);

    /// <summary>0, 1, 2, ... along the positions.</summary>
    public static bool IsPositions(string name) => name is "position_ids";
}
