using OnnxEdit.Engine.Data;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>Which positions of items that are sequences are no padding, as their attention mask says.</summary>
sealed class SequenceMask
{
    readonly ItemSet _mask;
    readonly int[] _used;

    SequenceMask(ItemSet mask, bool canTrim)
    {
        (_mask, CanTrimAll) = (mask, canTrim);
        _used = [.. Enumerable.Range(0, mask.Count).Select(item => Math.Max(1, Array.LastIndexOf(Values(item), true) + 1))];
    }

    /// <summary>The mask of some items; null where the model has no input for it, or the items are no rows of positions.</summary>
    /// <param name="items">The items.</param>
    /// <param name="inputs">The model's inputs.</param>
    public static SequenceMask? Of(ItemSet items, IReadOnlyList<DeclaredTensor> inputs)
    {
        var at = inputs.ToList().FindIndex(input => TokenInputs.IsMask(input.Name) && input.Shape.Count == 2);
        if (at < 0 || items.Parts.Count != inputs.Count) return null;
        var length = items.Parts[at].ItemLength;
        return new SequenceMask(items.Parts[at], inputs.Zip(items.Parts).All(pair =>
            TokenInputs.IsSequence(pair.First.Name) && pair.First.Shape is [_, < 0] && pair.Second.ItemLength == length));
    }

    /// <summary>Positions of an item up to its last that is no padding, at least 1.</summary>
    public int Used(int item) => _used[item];

    /// <summary>Whether all inputs can be fed without the padding at the end.</summary>
    public bool CanTrimAll { get; }

    /// <summary>The first positions of an item: true where there is no padding; all of them where nothing is trimmed.</summary>
    public bool[] Of(int item, int kept) => CanTrimAll ? Values(item)[..kept] : Values(item);

    bool[] Values(int item)
    {
        var values = new float[_mask.ItemLength];
        _mask.Fill(item, 1, values);
        return Array.ConvertAll(values, value => value != 0);
    }
}
