using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data;

/// <summary>Items of a model with several inputs: an item is what each input gets, one after the other. Labels are those of whole items; the parts have none.</summary>
sealed class JoinedItemSet : ItemSet
{
    readonly IReadOnlyList<ItemSet> _parts;
    readonly int[]? _labels;
    readonly ArrayTargets? _targets;

    /// <param name="parts">One set per input of the model, in its order, with equal numbers of items.</param>
    /// <param name="labels">A label for each item, -1 for none; null: no item has one.</param>
    /// <param name="targets">What the data says of each item beyond a class; null: nothing.</param>
    internal JoinedItemSet(IReadOnlyList<ItemSet> parts, int[]? labels = null, ArrayTargets? targets = null) => (_parts, _labels, _targets) = (parts, labels, targets);

    public override int Count => _parts[0].Count;

    public override IReadOnlyList<int> ItemShape => [_parts.Sum(part => part.ItemLength)];

    internal override IReadOnlyList<ItemSet> Parts => _parts;

    public override int Label(int index) => _labels is null ? -1 : _labels[index];

    internal override ItemTarget? Target(int index) => _targets?[index];

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        for (var index = 0; index < count; index++)
        {
            foreach (var part in _parts)
            {
                part.Fill(start + index, 1, destination);
                destination = destination[part.ItemLength..];
            }
        }
    }
}
