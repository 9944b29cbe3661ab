using System.Text.Json;
using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Attribution.Methods;

/// <summary>All ways to estimate attributions.</summary>
static class AttributionMethods
{
    /// <summary>The rows; a new method is one more.</summary>
    public static Choices<MethodRow> Table { get; } = new(
        "attribution method",
        CombinedMethod.Row,
        GradientMethods.Mask,
        RegressionMethods.Ridge,
        RegressionMethods.Ols,
        LeaveOneOutMethods.Alone,
        LeaveOneOutMethods.Ridge,
        GradientMethods.TimesParameter,
        PathMethods.Conductance,
        PathMethods.InternalInfluence,
        RandomMethod.Row);

    /// <summary>Reads the name of a method, also one that files of earlier versions hold.</summary>
    internal sealed class Converter : JsonConverter<string>
    {
        /// <inheritdoc/>
        public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && Table.Find(reader.GetString()!) is { } row ? row.Name
                : throw new JsonException($"its method is none of {string.Join(", ", Table.Names)}");

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }
}
