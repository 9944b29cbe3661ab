using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>
/// Float32 tensors in the safetensors format, which Python opens in one line
/// (<c>safetensors.numpy.load_file(path)</c>): the length of a JSON header as 8 bytes, the header, the values row by row.
/// </summary>
sealed class SafeTensors
{
    const long LargestHeader = 100 << 20;

    /// <summary>The tensors: shape and values.</summary>
    public SortedDictionary<string, (long[] Shape, float[] Values)> Tensors { get; } = new(StringComparer.Ordinal);

    /// <summary>Text about them, by key.</summary>
    public SortedDictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Writes the file beside the target and renames it.</summary>
    public void Save(string path, bool overwrite)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject(Metadata.Select(m => KeyValuePair.Create<string, JsonNode?>(m.Key, m.Value))) };
        var at = 0L;
        foreach (var (name, (shape, values)) in Tensors)
        {
            var end = at + sizeof(float) * values.LongLength;
            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
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
            foreach (var (_, values) in Tensors.Values) stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        }, overwrite);
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
                if (node!["dtype"]!.GetValue<string>() != "F32") throw new InvalidDataException($"tensor '{name}' is not float32");
                long[] shape = [.. node["shape"]!.AsArray().Select(d => d!.GetValue<long>())];
                var offset = node["data_offsets"]![0]!.GetValue<long>();
                var values = new float[shape.Aggregate(1L, (a, b) => checked(a * b))];
                stream.Position = 8 + size + offset;
                stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
                result.Tensors[name] = (shape, values);
            }
            return result;
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException or JsonException or InvalidOperationException or NullReferenceException or OverflowException or ArgumentOutOfRangeException or FormatException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is no file of attributions: {(e is EndOfStreamException ? "it ends too early" : e is InvalidDataException ? e.Message : "its header cannot be read")}.", e);
        }
    }
}
