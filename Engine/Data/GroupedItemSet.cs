namespace OnnxEdit.Engine.Data;

/// <summary>
/// Several items of another set as one, for models that insist on a batch: what one run takes. Items that do not fill
/// the last group are left out; a single group is filled up with the last item.
/// </summary>
sealed class GroupedItemSet(ItemSet items, int size) : ItemSet
{
    public override int Count => Math.Max(1, items.Count / size);

    public override IReadOnlyList<int> ItemShape => [size, .. items.ItemShape];

    public override int Label(int index) => -1;

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        var (length, all) = (items.ItemLength, count * size);
        var own = Math.Min(all, items.Count - (start * size));
        items.Fill(start * size, own, destination);
        for (var index = own; index < all; index++)
            destination.Slice((own - 1) * length, length).CopyTo(destination[(index * length)..]);
    }
}
