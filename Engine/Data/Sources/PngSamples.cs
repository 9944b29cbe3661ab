using System.Buffers.Binary;
using System.IO.Compression;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>
/// Reads the numbers that a png file of one channel stores, grey or a place in its palette, of up to 8 bits each. An image decoder
/// gives colours: a palette's own, and grey of fewer bits spread over 0 to 255.
/// </summary>
static class PngSamples
{
    const int HeaderEnd = 33;

    static ReadOnlySpan<byte> Signature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Reads a file.</summary>
    /// <param name="encoded">Its bytes.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <returns>One channel; null: the file is no png, or one of another kind, which an image decoder reads as it is.</returns>
    /// <exception cref="OnnxEngineException">It is damaged, of 16 bits, or interlaced with a palette (<see cref="ErrorKind.Data"/>).</exception>
    public static RawImage? Read(byte[] encoded, string name)
    {
        if (encoded.Length < HeaderEnd || !encoded.AsSpan().StartsWith(Signature)) return null;
        var (depth, kind, isInterlaced) = (encoded[24], encoded[25], encoded[28] != 0);
        if (depth == 16) throw new OnnxEngineException(ErrorKind.Data, $"'{name}' has 16 bits per pixel; masks have 8 at most, the class of each pixel.");
        if (kind is not (0 or 3)) return null;
        if (isInterlaced)
            return kind == 0 && depth == 8 ? null : throw new OnnxEngineException(ErrorKind.Data, $"'{name}' is an interlaced png of {depth} bits, whose numbers are not read here; save it without interlacing.");
        try
        {
            return Unpacked(encoded, Number(encoded, 16), Number(encoded, 20), depth is 1 or 2 or 4 or 8 ? depth : throw new InvalidDataException($"its depth is {depth} bits"));
        }
        catch (Exception inner) when (inner is InvalidDataException or EndOfStreamException or ArgumentOutOfRangeException or OverflowException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' is a damaged png: {inner.Message}", inner);
        }
    }

    static RawImage Unpacked(byte[] encoded, int width, int height, int depth)
    {
        using var packed = new MemoryStream();
        for (var at = HeaderEnd; at + 12 <= encoded.Length;)
        {
            var length = Number(encoded, at);
            if (encoded.AsSpan(at + 4, 4).SequenceEqual("IDAT"u8)) packed.Write(encoded.AsSpan(at + 8, length));
            at = checked(at + length + 12);
        }
        packed.Position = 0;
        using var plain = new ZLibStream(packed, CompressionMode.Decompress);
        var (stride, perByte, mask) = ((width * depth + 7) / 8, 8 / depth, (1 << depth) - 1);
        byte[] before = new byte[stride], row = new byte[stride];
        var samples = new byte[checked(width * height)];
        for (var y = 0; y < height; y++)
        {
            var filter = plain.ReadByte();
            plain.ReadExactly(row);
            Unfilter(filter, row, before);
            for (var x = 0; x < width; x++) samples[y * width + x] = (byte)(row[x / perByte] >> (8 - depth * (x % perByte + 1)) & mask);
            (before, row) = (row, before);
        }
        return new RawImage(samples, height, width, 1);
    }

    // What is to the left is a byte away, whatever the bits per pixel.
    static void Unfilter(int filter, byte[] row, byte[] above)
    {
        for (var i = 0; i < row.Length; i++)
        {
            var (left, up, corner) = (i > 0 ? row[i - 1] : 0, above[i], i > 0 ? above[i - 1] : 0);
            row[i] = (byte)(row[i] + filter switch
            {
                0 => 0,
                1 => left,
                2 => up,
                3 => (left + up) / 2,
                4 => Nearest(left, up, corner),
                _ => throw new InvalidDataException($"a row has the unknown filter {filter}"),
            });
        }
    }

    static int Nearest(int left, int up, int corner)
    {
        var (toLeft, toUp, toCorner) = (Math.Abs(up - corner), Math.Abs(left - corner), Math.Abs(left + up - 2 * corner));
        return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }

    static int Number(byte[] bytes, int at) => BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at)) is >= 0 and var value ? value : throw new InvalidDataException("a length is negative");
}
