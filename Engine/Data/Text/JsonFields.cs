using System.Text.Json;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Fields of JSON objects that may be missing or null.</summary>
static class JsonFields
{
    /// <summary>The value of a field; null where it is missing, null, or the element is no object.</summary>
    public static JsonElement? Field(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>The string of a field, or null.</summary>
    /// <exception cref="InvalidOperationException">It is something else.</exception>
    public static string? Word(this JsonElement element, string name) => element.Field(name)?.GetString();

    /// <summary>Yes or no; null where nothing is said.</summary>
    /// <exception cref="InvalidOperationException">It is something else.</exception>
    public static bool? Flag(this JsonElement element, string name) => element.Field(name)?.GetBoolean();

    /// <summary>The elements of an array; none where it is missing.</summary>
    /// <exception cref="InvalidOperationException">It is something else.</exception>
    public static IEnumerable<JsonElement> List(this JsonElement element, string name) => element.Field(name)?.EnumerateArray() ?? Enumerable.Empty<JsonElement>();
}
