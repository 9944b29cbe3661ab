using OnnxEdit.Kernels;

namespace OnnxEdit.Engine;

/// <summary>Standard normal inputs (or uniform bytes for a model that takes bytes), for trying a model out without data.</summary>
sealed class RandomImageSet(int count, int[] itemShape, bool areBytes, ulong seed) : ImageSet
{
    public override int Count => count;

    public override IReadOnlyList<int> ItemShape => itemShape;

    public override int Label(int index) => -1;

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        var length = ItemLength;
        for (var index = 0; index < count; index++)
        {
            // A stream per item, so that an item does not depend on which others were asked for.
            var random = new Philox4x32(seed, RandomStreams.RandomInputs + (ulong)(start + index));
            foreach (ref var value in destination.Slice(index * length, length))
                value = areBytes ? random.NextInt(256) : (float)random.NextGaussian();
        }
    }
}
