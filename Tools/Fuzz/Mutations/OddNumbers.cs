using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>Numbers that programs stumble over.</summary>
static class OddNumbers
{
    static readonly long[] _extremes =
    [
        0, 1, 2, 3, 7, 16, 64, 255, 1000, 4096, 65_537, 1 << 20, 100_000_000, int.MaxValue, 1L << 31, 1L << 32, 1L << 40,
        1L << 61, 1L << 62, long.MaxValue, -1, -2, -3, -7, -100, int.MinValue, -(1L << 40), long.MinValue,
    ];

    /// <summary>Any of them.</summary>
    public static long Extreme(Philox4x32 random) => _extremes[random.NextInt(_extremes.Length)];

    /// <summary>Mostly a small one, so that the model stays close to one that works.</summary>
    public static long Near(Philox4x32 random, long value) => random.NextInt(3) == 0 ? Extreme(random) : value + random.NextInt(7) - 3;
}
