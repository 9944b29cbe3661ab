using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>The edits a model has been through, kept in its metadata as a JSON array, oldest first.</summary>
public static class ModelHistory
{
    /// <summary>Key of the metadata entry.</summary>
    public const string Key = "onnxedit.history";

    static readonly JsonSerializerOptions _json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    static readonly JsonDocumentOptions _strict = new() { AllowDuplicateProperties = false };

    /// <summary>The history, oldest first; empty for a model that was never edited.</summary>
    /// <exception cref="OnnxSurgeryException">The metadata entry is not a history.</exception>
    public static IReadOnlyList<HistoryEntry> Read(ModelProto model)
    {
        try
        {
            return [.. Entries(model).Select(e => e.Deserialize<HistoryEntry>(_json) ?? throw new JsonException("an entry is null"))];
        }
        catch (JsonException e)
        {
            throw Damaged(e);
        }
    }

    /// <summary>Adds an entry at the end. Earlier entries stay as they are, fields of newer versions included.</summary>
    /// <exception cref="OnnxSurgeryException">
    /// An option holds a path, a number is not finite, or the history already there is damaged.
    /// </exception>
    internal static void Append(ModelProto model, HistoryEntry entry)
    {
        foreach (var (name, value) in entry.Options)
            if (LooksLikePath(value))
                throw new OnnxSurgeryException(
                    $"Option '{name}' of the history entry '{entry.Command}' holds the path '{value}', which would make the model depend on where it was made; leave the option out.");
        var sorted = entry with
        {
            Options = Sorted(entry.Options),
            Versions = Sorted(entry.Versions),
            Results = Sorted(entry.Results),
        };
        JsonArray all = [.. Entries(model)];
        try
        {
            all.Add(JsonSerializer.SerializeToNode(sorted, _json));
        }
        catch (ArgumentException e)
        {
            throw new OnnxSurgeryException($"The history entry '{entry.Command}' holds a number that is not finite; leave it out.", e);
        }
        var item = model.MetadataProps.FirstOrDefault(p => p.Key == Key);
        if (item is null) model.MetadataProps.Add(item = new StringStringEntryProto { Key = Key });
        item.Value = all.ToJsonString(_json);
    }

    static List<JsonNode?> Entries(ModelProto model)
    {
        if (model.MetadataProps.FirstOrDefault(p => p.Key == Key) is not { } item) return [];
        try
        {
            var array = JsonNode.Parse(item.Value, null, _strict) as JsonArray ?? throw new JsonException("not an array");
            // A node belongs to one array only; a clone is free to join another.
            return [.. array.Select(e => e?.DeepClone())];
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw Damaged(e);
        }
    }

    static SortedDictionary<string, T> Sorted<T>(IReadOnlyDictionary<string, T> items) =>
        new(items.ToDictionary(), StringComparer.Ordinal);

    // Node names of newer PyTorch exports begin with '/' too ("/layer1/conv1/Conv"): a rooted value must exist to count.
    static bool LooksLikePath(string value) =>
        (Path.IsPathRooted(value) && Path.Exists(value)) || value.Contains('\\', StringComparison.Ordinal)
        || value.StartsWith("./", StringComparison.Ordinal) || value.StartsWith("../", StringComparison.Ordinal)
        || value.StartsWith("~/", StringComparison.Ordinal)
        || (value.Length > 2 && char.IsAsciiLetter(value[0]) && value[1] == ':' && value[2] == '/');

    static OnnxSurgeryException Damaged(Exception e) => new(
        $"The model's metadata entry '{Key}' is not a readable history ({e.Message.TrimEnd('.')}); remove it from the model's metadata.", e);
}
