using System.Text.RegularExpressions;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>The classes that an exporter wrote into a model, as Ultralytics does: {0: 'person', 1: 'bicycle'} or ['person', 'bicycle'].</summary>
static partial class NamedClasses
{
    /// <summary>Their names in order; empty where the model does not say them in one of these ways.</summary>
    public static IReadOnlyList<string> Of(ModelProto model)
    {
        if (Entry(model, "names") is not { } text) return [];
        var rows = Row().Matches(text.Trim().Trim('{', '}', '[', ']')).ToArray();
        string[] names = [.. rows.Select(row => Regex.Unescape(row.Groups["name"].Value[1..^1]))];
        var isInOrder = rows.Index().All(row => row.Item.Groups["number"] is not { Success: true } number || number.Value == $"{row.Index}");
        return isInOrder ? names : [];
    }

    /// <summary>What an exporter says the model is for, e.g. "detect" or "pose"; null: nothing.</summary>
    public static string? Purpose(ModelProto model) => Entry(model, "names") is null ? null : Entry(model, "task");

    static string? Entry(ModelProto model, string key) => model.MetadataProps.FirstOrDefault(entry => entry.Key == key)?.Value;

    [GeneratedRegex("""(?:["']?(?<number>\d+)["']?\s*:\s*)?(?<name>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", RegexOptions.ExplicitCapture)]
    private static partial Regex Row();
}
