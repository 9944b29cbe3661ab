using OnnxEdit.Engine.Data;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>Which positions of items that are sequences are no padding, as their attention mask says.</summary>
sealed class SequenceMask
{
    readonly ItemSet _mask;
    readonly bool[] _canTrim;
    readonly int[] _used;

    SequenceMask(ItemSet mask, bool[] canTrim)
    {
        (_mask, _canTrim) = (mask, canTrim);
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
        return new SequenceMask(items.Parts[at], [.. inputs.Zip(items.Parts, (input, part) =>
            TokenInputs.IsSequence(input.Name) && input.Shape.Count == 2 && input.Shape[1] < 0 && part.ItemLength == length)]);
    }

    /// <summary>Positions of an item up to its last that is no padding, at least 1.</summary>
    public int Used(int item) => _used[item];

    /// <summary>Whether an input can be fed without the padding at the end.</summary>
    public bool CanTrim(int input) => Array.TrueForAll(_canTrim, can => can) && _canTrim[input];

    /// <summary>The first positions of an item: true where there is no padding; all of them where nothing is trimmed.</summary>
    public bool[] Of(int item, int kept) => Array.TrueForAll(_canTrim, can => can) ? Values(item)[..kept] : Values(item);

    bool[] Values(int item)
    {
        var values = new float[_mask.ItemLength];
        _mask.Fill(item, 1, values);
        return Array.ConvertAll(values, value => value != 0);
    }
}
