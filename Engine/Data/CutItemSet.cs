using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data;

/// <summary>The first values of each item of another set: sequences without the padding at their ends.</summary>
/// <param name="items">The set, whose items are vectors.</param>
/// <param name="length">Values of an item, at most as many as it has.</param>
sealed class CutItemSet(ItemSet items, int length) : ItemSet
{
    public override int Count => items.Count;

    public override IReadOnlyList<int> ItemShape => [length];

    public override int Label(int index) => items.Label(index);

    internal override ItemTarget? Target(int index) => items.Target(index);

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        var whole = new float[items.ItemLength];
        for (var index = 0; index < count; index++)
        {
            items.Fill(start + index, 1, whole);
            whole.AsSpan(0, length).CopyTo(destination[(index * length)..]);
        }
    }
}
