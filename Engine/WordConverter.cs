using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>Writes enums as the words that users type; reads these, and the names of members that files held before.</summary>
sealed class WordConverter : JsonConverterFactory
{
    /// <inheritdoc/>
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsEnum && typeToConvert.GetFields().Any(field => field.IsDefined(typeof(JsonStringEnumMemberNameAttribute), inherit: false));

    /// <inheritdoc/>
    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Of<>).MakeGenericType(typeToConvert))!;

    sealed class Of<T> : JsonConverter<T> where T : struct, Enum
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && Words.FindWritten<T>(reader.GetString()!) is { } value ? value
                : throw new JsonException($"there is one of {string.Join(", ", Words.All<T>())} expected");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Words.Of(value));
    }
}
