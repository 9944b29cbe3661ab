using System.Text;
using System.Text.Json;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Sequences;

/// <summary>Names of the classes that a model reads at every position: characters of a text, or tags of words.</summary>
/// <param name="Path">The file.</param>
/// <param name="Names">The names, in its order.</param>
sealed record SymbolList(string Path, IReadOnlyList<string> Names)
{
    /// <summary>Reads a text file, one name a line, or the id2label of a config.json.</summary>
    /// <exception cref="OnnxEngineException">It cannot be read, is no UTF-8 or names nothing (<see cref="ErrorKind.Data"/>).</exception>
    public static SymbolList Read(string path)
    {
        var names = DataFiles.Guarded(path, () => File.ReadAllBytes(path)) is var bytes && IsJson(path) ? OfJson(bytes, path) : Lines(bytes, path);
        return names.Length > 0 ? new SymbolList(path, names)
            : throw new OnnxEngineException(ErrorKind.Data, $"'{path}' names no classes; EvaluationOptions.Alphabet is a text file of one character or tag a line, or a config.json with id2label.");
    }

    /// <summary>The one file beside a model that is called as such lists are: dict.txt, *_dict.txt, *keys*.txt, tags.txt or config.json with id2label; else null.</summary>
    /// <param name="modelPath">The model's file.</param>
    public static string? Beside(string modelPath)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(modelPath))!;
        string[] lists = DataFiles.Matching(folder, name => name.EndsWith(".txt", StringComparison.Ordinal)
            && (name is "dict.txt" or "tags.txt" || name.EndsWith("_dict.txt", StringComparison.Ordinal) || name.Contains("keys", StringComparison.Ordinal)));
        if (lists.Length > 0) return lists is [var only] ? only : null;
        var config = System.IO.Path.Combine(folder, "config.json");
        return File.Exists(config) && NamesClasses(config) ? config : null;
    }

    // Whatever else stands beside a model is no fault of the user's.
    static bool NamesClasses(string config)
    {
        try
        {
            return OfJson(DataFiles.ReadAll(config), config).Length > 0;
        }
        catch (OnnxEngineException)
        {
            return false;
        }
    }

    static bool IsJson(string path) => path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);

    // A line of a blank is the space; only line ends are no part of a name.
    static string[] Lines(byte[] bytes, string path)
    {
        try
        {
            var lines = new UTF8Encoding(false, true).GetString(bytes).TrimStart('\uFEFF').Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
            return lines[^1].Length == 0 ? lines[..^1] : lines;
        }
        catch (DecoderFallbackException inner)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is no UTF-8 from byte {inner.Index} on; save it as UTF-8.", inner);
        }
    }

    static string[] OfJson(byte[] bytes, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("id2label", out var names) || names.ValueKind != JsonValueKind.Object) return [];
            var byClass = names.EnumerateObject().ToDictionary(name => name.Name, name => name.Value.GetString());
            return [.. Enumerable.Range(0, byClass.Count).Select(c => byClass.GetValueOrDefault(FormattableString.Invariant($"{c}"))
                ?? throw new OnnxEngineException(ErrorKind.Data, $"The id2label of '{path}' does not name class {c}; its classes must count from 0."))];
        }
        catch (Exception inner) when (inner is JsonException or InvalidOperationException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is no readable JSON: {inner.Message}", inner);
        }
    }
}
