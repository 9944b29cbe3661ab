using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>What a column of a table says of its rows.</summary>
enum TextRole
{
    /// <summary>Nothing that is read.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>The text, or one of two.</summary>
    [JsonStringEnumMemberName("text")]
    Text,

    /// <summary>How alike two texts are.</summary>
    [JsonStringEnumMemberName("score")]
    Score,

    /// <summary>The class.</summary>
    [JsonStringEnumMemberName("label")]
    Label,

    /// <summary>A tag for each word.</summary>
    [JsonStringEnumMemberName("tags")]
    Tags,

    /// <summary>A number that the model should return.</summary>
    [JsonStringEnumMemberName("value")]
    Value,
}
