namespace OnnxEdit.Engine.Data;

/// <summary>Items held in memory.</summary>
/// <param name="shape">Shape of one item.</param>
/// <param name="items">Their values.</param>
/// <param name="labels">Their labels, -1 for none.</param>
sealed class StoredItemSet(IReadOnlyList<int> shape, float[][] items, int[] labels) : ItemSet
{
    public override int Count => items.Length;

    public override IReadOnlyList<int> ItemShape => shape;

    public override int Label(int index) => labels[index];

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        for (var i = 0; i < count; i++) items[start + i].CopyTo(destination[(i * ItemLength)..]);
    }
}
