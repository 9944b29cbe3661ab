using System.Text.Json;

namespace OnnxEdit.Engine.Data.Arrays;

/// <summary>The JSON header of a file in the safetensors format, every value checked before it is used.</summary>
sealed class SafeTensorsHeader
{
    static readonly JsonDocumentOptions _strict = new() { AllowDuplicateProperties = false };

    /// <summary>The tensors by name.</summary>
    internal Dictionary<string, Entry> Tensors { get; } = new(StringComparer.Ordinal);

    /// <summary>Text about them, by key.</summary>
    internal Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>A tensor of the file.</summary>
    /// <param name="IsDouble">True: float64, false: float32.</param>
    /// <param name="Shape">Its extents.</param>
    /// <param name="Begin">Its first byte, counted from the end of the header.</param>
    /// <param name="Bytes">Its length.</param>
    internal sealed record Entry(bool IsDouble, long[] Shape, long Begin, long Bytes);

    /// <summary>Reads a header.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <exception cref="InvalidDataException">It is none, or a tensor is of another type; the message says how as half a sentence.</exception>
    internal static SafeTensorsHeader Read(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, _strict);
            var result = new SafeTensorsHeader();
            foreach (var property in Members(document.RootElement))
                if (property.Name == "__metadata__")
                    foreach (var text in Members(property.Value)) result.Metadata.Add(text.Name, Text(text.Value));
                else result.Tensors.Add(property.Name, Tensor(property.Name, property.Value));
            return result;
        }
        // The second: text that ends within a pair of UTF-16 surrogates, which is found when it is read.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException("its header cannot be read", e);
        }
    }

    static Entry Tensor(string name, JsonElement value)
    {
        var type = Text(Member(value, "dtype"));
        if (type is not ("F32" or "F64")) throw new InvalidDataException($"tensor '{name}' is neither float32 nor float64");
        var shape = Numbers(Member(value, "shape"));
        if (Numbers(Member(value, "data_offsets")) is not [var begin, var end]) throw Unreadable();
        // Extents are at least 0, so the product can only be too large, never wrong by its sign.
        var bytes = shape.Aggregate((UInt128)(type == "F64" ? sizeof(double) : sizeof(float)), (product, extent) => UInt128.Min(product * (UInt128)extent, long.MaxValue));
        if (end < begin || bytes != (UInt128)(end - begin)) throw Unreadable();
        return new Entry(type == "F64", shape, begin, end - begin);
    }

    static JsonElement.ObjectEnumerator Members(JsonElement value) => value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : throw Unreadable();

    static JsonElement Member(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) ? member : throw Unreadable();

    static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Unreadable();

    // Whole numbers, 0 or more.
    static long[] Numbers(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var number) && number >= 0 ? number : throw Unreadable())]
        : throw Unreadable();

    static InvalidDataException Unreadable() => new("its header cannot be read");
}
