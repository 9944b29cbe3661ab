using System.Buffers.Binary;
using System.Text;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Deployment;

/// <summary>Strings as the protocol's BYTES elements: a little-endian 32-bit length and the bytes, one after another.</summary>
static class StringElements
{
    /// <summary>Writes strings.</summary>
    public static byte[] Encode(IEnumerable<string> values)
    {
        using var stream = new MemoryStream();
        Span<byte> length = stackalloc byte[4];
        foreach (var value in values)
        {
            var bytes = Encoding.UTF8.GetBytes(value);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            stream.Write(length);
            stream.Write(bytes);
        }
        return stream.ToArray();
    }

    /// <summary>Reads strings.</summary>
    /// <param name="bytes">All of them.</param>
    /// <param name="count">How many there must be.</param>
    /// <param name="name">The tensor, for the error.</param>
    /// <exception cref="OnnxEngineException">Lengths that run over the end, another count, or no UTF-8 (<see cref="ErrorKind.Data"/>).</exception>
    public static string[] Decode(ReadOnlySpan<byte> bytes, long count, string name)
    {
        List<string> values = [];
        while (bytes.Length > 0)
        {
            if (values.Count >= count) throw Wrong(name, $"holds more than the {count} elements of its shape");
            if (bytes.Length < 4) throw Wrong(name, "ends within the length of an element");
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            bytes = bytes[4..];
            if (length < 0 || length > bytes.Length) throw Wrong(name, $"says that an element has {length} bytes, and {bytes.Length} are left");
            if (!System.Text.Unicode.Utf8.IsValid(bytes[..length])) throw Wrong(name, "holds an element that is not UTF-8");
            values.Add(Encoding.UTF8.GetString(bytes[..length]));
            bytes = bytes[length..];
        }
        return values.Count == count ? [.. values] : throw Wrong(name, $"holds {values.Count} elements and its shape asks for {count}");
    }

    static OnnxEngineException Wrong(string name, string what) => new(ErrorKind.Data, $"The BYTES tensor '{name}' {what}.");
}
