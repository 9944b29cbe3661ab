using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
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
            var result = new SafeTensors();
            foreach (var (name, node) in JsonNode.Parse(text)!.AsObject())
            {
                if (name == "__metadata__")
                {
                    foreach (var (key, value) in node!.AsObject()) result.Metadata[key] = value!.GetValue<string>();
                    continue;
                }
                var type = node!["dtype"]!.GetValue<string>();
                if (type is not ("F32" or "F64")) throw new InvalidDataException($"tensor '{name}' is neither float32 nor float64");
                long[] shape = [.. node["shape"]!.AsArray().Select(d => d!.GetValue<long>())];
                var offset = node["data_offsets"]![0]!.GetValue<long>();
                var count = shape.Aggregate(1L, (a, b) => checked(a * b));
                // Before memory is asked for: a damaged header may promise anything.
                if (count < 0 || offset < 0 || checked(8 + size + offset + count * (type == "F64" ? sizeof(double) : sizeof(float))) > stream.Length) throw new EndOfStreamException();
                Array values = type == "F64" ? new double[count] : new float[count];
                stream.Position = 8 + size + offset;
                stream.ReadExactly(Bytes(values));
                result.Tensors[name] = (shape, values);
            }
            return result;
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException or JsonException or InvalidOperationException or NullReferenceException or OverflowException or ArgumentOutOfRangeException or FormatException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is no file of attributions: {(e is EndOfStreamException ? "it ends too early" : e is InvalidDataException ? e.Message : "its header cannot be read")}.", e);
        }
    }

    static string Type(Array values) => values is double[]? "F64" : "F32";

    static Span<byte> Bytes(Array values) => values is double[] wide ? MemoryMarshal.AsBytes(wide.AsSpan()) : MemoryMarshal.AsBytes(((float[])values).AsSpan());
}
