using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data;

/// <summary>Items of another set, labels and all, each input of the model getting less of them than there.</summary>
/// <param name="items">The set.</param>
/// <param name="parts">What each input gets.</param>
sealed class TrimmedItemSet(ItemSet items, IReadOnlyList<ItemSet> parts) : ItemSet
{
    readonly JoinedItemSet _values = new(parts);

    public override int Count => items.Count;

    public override IReadOnlyList<int> ItemShape => _values.ItemShape;

    internal override IReadOnlyList<ItemSet> Parts => parts;

    internal override int Together => items.Together;

    public override int Label(int index) => items.Label(index);

    internal override ItemTarget? Target(int index) => items.Target(index);

    public override void Fill(int start, int count, Span<float> destination) => _values.Fill(start, count, destination);
}
