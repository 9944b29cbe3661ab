using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Data;

/// <summary>Standard normal values (or uniform integers for an input that takes integers), for trying a model out without data.</summary>
/// <param name="count">Number of items.</param>
/// <param name="itemShape">Shape of one.</param>
/// <param name="bound">For an integer input: values are below this; 0 for a float input.</param>
/// <param name="seed">Seed of the values.</param>
/// <param name="input">Number of the input; inputs draw from streams of their own.</param>
/// <param name="isUniform">Floats uniform between 0 and 1.</param>
sealed class RandomItemSet(int count, int[] itemShape, int bound, ulong seed, int input, bool isUniform) : ItemSet
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
            var random = new Philox4x32(seed, RandomStreams.RandomInputs + ((ulong)input << 28) + (ulong)(start + index));
            foreach (ref var value in destination.Slice(index * length, length))
                value = bound > 0 ? random.NextInt(bound) : (float)(isUniform ? random.NextDouble() : random.NextGaussian());
        }
    }
}
