using OnnxEdit.Engine.Data;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Training;

/// <summary>
/// Images mirrored and shifted, each in one way of its own that the seed decides. Networks answer to the images that they
/// were trained on more surely than to any others; validation images seen in a new way are more like new ones.
/// </summary>
sealed class AugmentedItemSet(ItemSet images, FinetuneOptions options) : ItemSet
{
    public override int Count => images.Count;

    public override IReadOnlyList<int> ItemShape => images.ItemShape;

    internal override bool IsCostly => images.IsCostly;

    public override int Label(int index) => images.Label(index);

    public override void Fill(int start, int count, Span<float> destination)
    {
        images.Fill(start, count, destination);
        for (var i = 0; i < count; i++)
            Augmentation.Apply(
                destination.Slice(i * ItemLength, ItemLength), ItemShape[1], ItemShape[2], options.Flip == true, options.Shift ?? 0,
                new Philox4x32(options.Seed, RandomStreams.ValidationViews + (ulong)(start + i)));
    }
}
