using System.Text.Json;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>A JSON object a line; the columns are the keys of all of them, in the order in which they first appear.</summary>
sealed class JsonLines : TextCells
{
    readonly string _path;
    readonly List<(int Line, JsonElement Item)> _rows;
    readonly List<string> _names;

    JsonLines(string path, List<(int Line, JsonElement Item)> rows, List<string> names) => (_path, _rows, _names) = (path, rows, names);

    public override IReadOnlyList<string> Names => _names;

    public override int Rows => _rows.Count;

    public override int Columns => _names.Count;

    public override string? Cell(int row, int column) =>
        _rows[row].Item.Field(_names[column]) is { } value ? Value(value) ?? throw new OnnxEngineException(ErrorKind.Data, $"{Place(row)} holds an object as '{_names[column]}'; it must be text, a number, or a list of them.") : null;

    public override string Place(int row) => $"Line {_rows[row].Line} of '{_path}'";

    /// <summary>Reads a file.</summary>
    /// <exception cref="OnnxEngineException">It cannot be read or is empty, or a line is no JSON object (<see cref="ErrorKind.Data"/>).</exception>
    public static JsonLines Open(string path)
    {
        List<(int, JsonElement)> rows = [];
        List<string> names = [];
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, line) in Utf8File.Read(path).Split('\n').Index())
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            var item = Parse(line, index + 1, path);
            rows.Add((index + 1, item));
            names.AddRange(item.EnumerateObject().Select(field => field.Name).Where(known.Add));
        }
        return rows.Count > 0 ? new JsonLines(path, rows, names) : throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is empty; write a JSON object a line.");
    }

    static JsonElement Parse(string line, int number, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            // Half a character, as in "\ud83d", is found here and not when the value is asked for.
            if (document.RootElement.ValueKind == JsonValueKind.Object && Strings(document.RootElement).All(text => text is not null)) return document.RootElement.Clone();
        }
        catch (Exception inner) when (inner is JsonException or InvalidOperationException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"Line {number} of '{path}' is not JSON; write an object a line, e.g. {{\"text\": \"...\", \"label\": 1}}. The reader says: {inner.Message}", inner);
        }
        throw new OnnxEngineException(ErrorKind.Data, $"Line {number} of '{path}' is no JSON object; write an object a line, e.g. {{\"text\": \"...\", \"label\": 1}}.");
    }

    static IEnumerable<string?> Strings(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().SelectMany(field => Strings(field.Value).Prepend(field.Name)),
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Strings),
        JsonValueKind.String => [value.GetString()],
        _ => [],
    };

    static string? Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Array when value.EnumerateArray().Select(Value).ToArray() is var values && values.All(item => item is not null) => string.Join(' ', values),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => null,
    };
}
