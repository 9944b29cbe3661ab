using OnnxEdit.Engine.Data;

namespace OnnxEdit.Benchmarks;

/// <summary>Images [C, H, W] of another set and then their mirror images.</summary>
sealed class MirroredImages(ItemSet images) : ItemSet
{
    public override int Count => 2 * images.Count;

    public override IReadOnlyList<int> ItemShape => images.ItemShape;

    public override int Label(int index) => images.Label(index % images.Count);

    public override void Fill(int start, int count, Span<float> destination)
    {
        for (var n = 0; n < count; n++)
        {
            var item = destination.Slice(n * ItemLength, ItemLength);
            images.Fill((start + n) % images.Count, 1, item);
            if (start + n < images.Count) continue;
            for (var row = 0; row < item.Length; row += ItemShape[2]) item.Slice(row, ItemShape[2]).Reverse();
        }
    }
}
