using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Runtime;

/// <summary>What the trunk of a model makes of images, an item each; computed when asked for.</summary>
/// <param name="images">The images.</param>
/// <param name="model">The whole model.</param>
/// <param name="trunk">Inputs of the model, one float32 output. Its owner disposes of it when no item of this set is read any more.</param>
/// <param name="shape">Shape of an item of the output.</param>
/// <param name="batch">Images per run at most; a trunk of a fixed batch takes no other.</param>
sealed class TrunkItemSet(ItemSet images, GraphIndex model, BatchRunner trunk, IReadOnlyList<int> shape, int batch) : ItemSet
{
    // Floats that are kept in memory at most (1 GiB).
    const long Room = 1L << 28;

    public override int Count => images.Count;

    public override IReadOnlyList<int> ItemShape => shape;

    public override int Label(int index) => images.Label(index);

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        for (var first = 0; first < count; first += batch)
        {
            var rows = Math.Min(batch, count - first);
            var values = new float[rows * images.ItemLength];
            images.Fill(start + first, rows, values);
            var made = new float[rows * ItemLength];
            // Its buffers are one reader's at a time.
            lock (trunk)
                trunk.Run(ItemInputs.Split(model, trunk, images, values, rows), (_, found, _) => found.CopyTo(made));
            made.CopyTo(destination[(first * ItemLength)..]);
        }
    }

    /// <summary>The same items computed once and kept, where there is room, so that the trunk is needed no more; else these.</summary>
    public ItemSet Kept(CancellationToken cancellation)
    {
        if ((long)Count * ItemLength > Room) return this;
        var items = new float[Count][];
        for (var first = 0; first < Count; first += batch)
        {
            cancellation.ThrowIfCancellationRequested();
            var rows = Math.Min(batch, Count - first);
            var made = new float[rows * ItemLength];
            Fill(first, rows, made);
            for (var i = 0; i < rows; i++) items[first + i] = made[(i * ItemLength)..((i + 1) * ItemLength)];
        }
        return new StoredItemSet(shape, items, [.. Enumerable.Range(0, Count).Select(Label)]);
    }
}
