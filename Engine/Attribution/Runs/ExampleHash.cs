using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OnnxEdit.Engine.Data;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>Tells whether two machines see the same examples: every value that the model gets, and every label.</summary>
static class ExampleHash
{
    const int Rows = 32;

    /// <summary>SHA-256 over shape, values and labels.</summary>
    /// <param name="images">The examples.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public static string Of(ItemSet images, CancellationToken cancellation = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.ASCII.GetBytes($"{images.Count}[{string.Join(',', images.ItemShape)}]\n"));
        var (length, buffer, label) = (images.ItemLength, new float[Rows * images.ItemLength], new byte[sizeof(int)]);
        for (var first = 0; first < images.Count; first += Rows)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(Rows, images.Count - first);
            images.Fill(first, count, buffer);
            hash.AppendData(MemoryMarshal.AsBytes(buffer.AsSpan(0, count * length)));
            for (var i = 0; i < count; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(label, images.Label(first + i));
                hash.AppendData(label);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
