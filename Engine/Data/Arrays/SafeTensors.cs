using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Data.Arrays;

/// <summary>
/// Tensors of float32 and float64 in the safetensors format, which Python opens in one line
/// (<c>safetensors.numpy.load_file(path)</c>): the length of a JSON header as 8 bytes, the header, the values row by row.
/// </summary>
sealed class SafeTensors
{
    const long LargestHeader = 100 << 20;

    /// <summary>The tensors: shape and values, an array of float or of double.</summary>
    public SortedDictionary<string, (long[] Shape, Array Values)> Tensors { get; } = new(StringComparer.Ordinal);

    /// <summary>Text about them, by key.</summary>
    public SortedDictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>SHA-256 of names, shapes and values.</summary>
    public string Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, (shape, values)) in Tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}[{string.Join(',', shape)}]{Type(values)}\n"));
            hash.AppendData(Bytes(values));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Writes the file beside the target and renames it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="overwrite">Whether one that is there may be replaced.</param>
    /// <param name="durable">Whether it has to be on the disk before it is renamed.</param>
    public void Save(string path, bool overwrite, bool durable = false)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject(Metadata.Select(m => KeyValuePair.Create<string, JsonNode?>(m.Key, m.Value))) };
        var at = 0L;
        foreach (var (name, (shape, values)) in Tensors)
        {
            var end = at + (values is double[]? sizeof(double) : sizeof(float)) * values.LongLength;
            header[name] = new JsonObject
            {
                ["dtype"] = Type(values),
                ["shape"] = new JsonArray([.. shape.Select(d => JsonValue.Create(d))]),
                ["data_offsets"] = new JsonArray(at, end),
            };
            at = end;
        }
        var text = JsonSerializer.SerializeToUtf8Bytes(header);
        // Values begin at a multiple of 8.
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, (text.Length + 7) / 8 * 8);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(length);
            stream.Write(text);
            for (var i = text.Length; i % 8 != 0; i++) stream.WriteByte((byte)' ');
            foreach (var (_, values) in Tensors.Values) stream.Write(Bytes(values));
        }, overwrite, durable);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="OnnxEngineException">No file, not such a file, cut off, or of other types (<see cref="ErrorKind.Data"/>).</exception>
    public static SafeTensors Load(string path)
    {
        if (!File.Exists(path)) throw new OnnxEngineException(ErrorKind.Usage, $"There is no file '{path}'; check the path.");
        try
        {
            using var stream = File.OpenRead(path);
            var length = new byte[8];
            stream.ReadExactly(length);
            var size = BinaryPrimitives.ReadInt64LittleEndian(length);
            if (size is < 2 or > LargestHeader) throw new InvalidDataException("its header has no sensible length");
            var text = new byte[size];
            stream.ReadExactly(text);
            var header = SafeTensorsHeader.Read(text);
            var result = new SafeTensors();
            foreach (var (key, value) in header.Metadata) result.Metadata[key] = value;
            foreach (var (name, entry) in header.Tensors)
            {
                // Before memory is asked for: a damaged header may promise anything.
                var begin = sizeof(long) + size;
                if (entry.Begin > stream.Length - begin || entry.Bytes > stream.Length - begin - entry.Begin) throw new EndOfStreamException();
                if (entry.Bytes > int.MaxValue) throw new InvalidDataException($"tensor '{name}' is larger than 2 GiB");
                Array values = entry.IsDouble ? new double[entry.Bytes / sizeof(double)] : new float[entry.Bytes / sizeof(float)];
                stream.Position = begin + entry.Begin;
                stream.ReadExactly(Bytes(values));
                result.Tensors[name] = (entry.Shape, values);
            }
            return result;
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is no file of attributions: {(e is EndOfStreamException ? "it ends too early" : e.Message)}.", e);
        }
    }

    static string Type(Array values) => values is double[]? "F64" : "F32";

    static Span<byte> Bytes(Array values) => values is double[] wide ? MemoryMarshal.AsBytes(wide.AsSpan()) : MemoryMarshal.AsBytes(((float[])values).AsSpan());
}
