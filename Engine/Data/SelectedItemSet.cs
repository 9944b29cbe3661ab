using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data;

/// <summary>Some items of another set, in an order of their own.</summary>
internal sealed class SelectedItemSet : ItemSet
{
    readonly ItemSet _items;
    readonly int[] _indices;

    internal SelectedItemSet(ItemSet items, IReadOnlyList<int> indices)
    {
        // A view of a view reads through the inner one, so chains of Select stay flat.
        if (items is SelectedItemSet view)
        {
            _items = view._items;
            _indices = [.. indices.Select(index => view._indices[index])];
        }
        else
        {
            _items = items;
            _indices = [.. indices];
        }

        foreach (var index in _indices)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index, nameof(indices));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _items.Count, nameof(indices));
        }
    }

    public override int Count => _indices.Length;

    public override IReadOnlyList<int> ItemShape => _items.ItemShape;

    internal override IReadOnlyList<ItemSet> Parts =>
        _items.Parts is [var only] && only == _items ? [this] : [.. _items.Parts.Select(part => part.Select(_indices))];

    internal override bool IsCostly => _items.IsCostly;

    public override int Label(int index) => _items.Label(_indices[index]);

    internal override ItemTarget? Target(int index) => _items.Target(_indices[index]);

    internal override int Together => _items.Together;

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        var length = ItemLength;
        ItemLoop.Run(count, length, destination, IsCostly, (index, item) => _items.Fill(_indices[start + index], 1, item));
    }
}
