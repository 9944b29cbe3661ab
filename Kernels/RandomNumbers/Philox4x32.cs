namespace OnnxEdit.Kernels.RandomNumbers;

/// <summary>
/// Philox4x32-10, the counter-based random number generator of Salmon, Moraes, Dror and Shaw,
/// "Parallel random numbers: as easy as 1, 2, 3" (SC'11), section 5.
/// The key is the seed and the 128-bit counter is (stream, index), so any number of streams can be
/// opened side by side and each gives the same numbers however the work is split over threads.
/// </summary>
/// <remarks>One instance is not safe for concurrent use; open one stream per piece of work instead.</remarks>
/// <param name="seed">The 64-bit key.</param>
/// <param name="stream">The upper 64 bits of the counter: which stream of this seed.</param>
sealed class Philox4x32(ulong seed, ulong stream = 0)
{
    const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    readonly uint[] _block = new uint[4];
    ulong _index;
    int _used = 4;
    double _spareGaussian = double.NaN;

    /// <summary>The key.</summary>
    public ulong Seed => seed;

    /// <summary>The upper 64 bits of the counter.</summary>
    public ulong Stream => stream;

    /// <summary>
    /// The ten-round bijection itself: four 32-bit words for one counter and one key.
    /// </summary>
    /// <param name="index">Counter words 0 (low half) and 1 (high half).</param>
    /// <param name="stream">Counter words 2 (low half) and 3 (high half).</param>
    /// <param name="seed">Key words 0 (low half) and 1 (high half).</param>
    /// <param name="words">Receives four words.</param>
    /// <exception cref="ArgumentException"><paramref name="words"/> is shorter than 4.</exception>
    public static void Block(ulong index, ulong stream, ulong seed, Span<uint> words)
    {
        if (words.Length < 4)
            throw new ArgumentException("Philox4x32 writes 4 words; give a span of at least 4.", nameof(words));
        uint c0 = (uint)index, c1 = (uint)(index >> 32), c2 = (uint)stream, c3 = (uint)(stream >> 32);
        uint k0 = (uint)seed, k1 = (uint)(seed >> 32);
        for (var round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0, p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        words[0] = c0;
        words[1] = c1;
        words[2] = c2;
        words[3] = c3;
    }

    /// <summary>The next 32 random bits.</summary>
    public uint NextUInt32()
    {
        if (_used == 4)
        {
            Block(_index++, stream, seed, _block);
            _used = 0;
        }
        return _block[_used++];
    }

    /// <summary>The next 64 random bits (the first word drawn is the upper half).</summary>
    public ulong NextUInt64()
    {
        ulong high = NextUInt32();
        return high << 32 | NextUInt32();
    }

    /// <summary>A number uniform on the 2^53 equally spaced doubles of [0, 1).</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>
    /// An integer uniform on [0, <paramref name="bound"/>), without bias: Lemire, "Fast random integer
    /// generation in an interval" (2019), multiplication with rejection.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is not positive.</exception>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var range = (uint)bound;
        var product = (ulong)NextUInt32() * range;
        if ((uint)product < range)
        {
            var threshold = unchecked(0u - range) % range;
            while ((uint)product < threshold)
                product = (ulong)NextUInt32() * range;
        }
        return (int)(product >> 32);
    }

    /// <summary>A standard normal number (Box and Muller; the pair's second member is kept for the next call).</summary>
    public double NextGaussian()
    {
        if (!double.IsNaN(_spareGaussian))
        {
            var spare = _spareGaussian;
            _spareGaussian = double.NaN;
            return spare;
        }
        // 1 - u lies in (0, 1], so the logarithm is finite.
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        var (sine, cosine) = Math.SinCos(2 * Math.PI * NextDouble());
        _spareGaussian = radius * sine;
        return radius * cosine;
    }

    /// <summary>Permutes <paramref name="values"/> in place, all orders equally likely (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (var i = values.Length - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }
}
