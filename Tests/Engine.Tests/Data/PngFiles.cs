using System.Buffers.Binary;
using System.IO.Compression;

namespace OnnxEdit.Engine.Tests;

/// <summary>Writes png files of one channel, grey or with a palette, of any depth and with any row filters.</summary>
static class PngFiles
{
    /// <param name="samples">The stored numbers, by row and column.</param>
    /// <param name="depth">Bits of each.</param>
    /// <param name="isPalette">Whether they are places in a palette, all of whose colours are red.</param>
    /// <param name="filters">The filter of each row, in turn.</param>
    /// <param name="isInterlaced">Whether the file says that it is interlaced.</param>
    public static byte[] Encoded(int[,] samples, int depth = 8, bool isPalette = false, int[]? filters = null, bool isInterlaced = false)
    {
        var (height, width) = (samples.GetLength(0), samples.GetLength(1));
        using var file = new MemoryStream();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        Chunk(file, "IHDR", [.. Big(width), .. Big(height), (byte)depth, (byte)(isPalette ? 3 : 0), 0, 0, (byte)(isInterlaced ? 1 : 0)]);
        if (isPalette) Chunk(file, "PLTE", [.. Enumerable.Repeat((byte[])[255, 0, 0], 1 << depth).SelectMany(colour => colour)]);
        using var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var above = new int[(width * depth + 7) / 8];
            for (var y = 0; y < height; y++)
            {
                var row = new int[above.Length];
                for (var x = 0; x < width; x++) row[x * depth / 8] |= samples[y, x] << (8 - depth - x * depth % 8);
                var filter = filters is null ? 0 : filters[y % filters.Length];
                zip.WriteByte((byte)filter);
                for (var i = 0; i < row.Length; i++)
                {
                    var (a, b, c) = (i > 0 ? row[i - 1] : 0, above[i], i > 0 ? above[i - 1] : 0);
                    var p = a + b - c;
                    var paeth = new[] { (Math.Abs(p - a), 0, a), (Math.Abs(p - b), 1, b), (Math.Abs(p - c), 2, c) }.Min().Item3;
                    zip.WriteByte((byte)(row[i] - new[] { 0, a, b, (a + b) / 2, paeth, 0 }[filter]));
                }
                above = row;
            }
        }
        // In two pieces, as large files are.
        var bytes = packed.ToArray();
        Chunk(file, "IDAT", bytes[..(bytes.Length / 2)]);
        Chunk(file, "IDAT", bytes[(bytes.Length / 2)..]);
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    static void Chunk(MemoryStream file, string kind, byte[] data)
    {
        byte[] body = [.. System.Text.Encoding.ASCII.GetBytes(kind), .. data];
        file.Write(Big(data.Length));
        file.Write(body);
        var sum = 0xFFFFFFFFu;
        foreach (var value in body)
        {
            sum ^= value;
            for (var bit = 0; bit < 8; bit++) sum = (sum & 1) != 0 ? sum >> 1 ^ 0xEDB88320u : sum >> 1;
        }
        file.Write(Big((int)~sum));
    }

    static byte[] Big(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
