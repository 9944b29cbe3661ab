using System.Diagnostics.CodeAnalysis;
using System.Text;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>
/// Values between separators, as RFC 4180 says: a value that begins with a quote ends with one, and holds separators, line breaks and
/// doubled quotes in between; anywhere else a quote is a character like any other. Blank lines are passed over.
/// </summary>
sealed class SeparatedText : TextCells
{
    readonly string _path;
    readonly List<(int Line, string[] Values)> _records;
    readonly bool _hasHeader;

    SeparatedText(string path, List<(int Line, string[] Values)> records, bool hasHeader, string? said) =>
        (_path, _records, _hasHeader, Said) = (path, records, hasHeader, said);

    public override IReadOnlyList<string>? Names => _hasHeader ? _records[0].Values : null;

    public override int Rows => _records.Count - (_hasHeader ? 1 : 0);

    public override int Columns => _records[0].Values.Length;

    public override string? Said { get; }

    public override string? Cell(int row, int column) => Record(row).Values[column];

    public override string Place(int row) => $"Line {Record(row).Line} of '{_path}'";

    /// <summary>Reads a file: .tsv has tabs between values, .csv commas, semicolons or tabs.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isHeader">Whether the first row names the columns.</param>
    /// <exception cref="OnnxEngineException">It cannot be read, is empty, or its rows differ in their numbers of values (<see cref="ErrorKind.Data"/>).</exception>
    public static SeparatedText Open(string path, Func<IReadOnlyList<string>, bool> isHeader)
    {
        var text = Utf8File.Read(path);
        var isTabbed = TextTable.Extension(path) == ".tsv";
        string? said = null;
        if (!TryBest(text, isTabbed ? ['\t'] : [',', ';', '\t'], hasQuotes: true, out var records, out var separator, out var fault))
        {
            // Tables with tabs are often written without any quoting, and a text may begin with a quote.
            if (!isTabbed || !TryBest(text, ['\t'], hasQuotes: false, out records, out _, out var plain)) throw fault.In(path);
            said = "quotes are part of the texts";
        }
        else if (separator != (isTabbed ? '\t' : ','))
        {
            said = $"values stand between {(separator == ';' ? "semicolons" : "tabs")}";
        }
        if (records.Count == 0) throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is empty; write a row for each item.");
        return new SeparatedText(path, records, isHeader(records[0].Values), said);
    }

    (int Line, string[] Values) Record(int row) => _records[row + (_hasHeader ? 1 : 0)];

    // The separator that parts all rows alike, and into most values.
    static bool TryBest(
        string text, ReadOnlySpan<char> separators, bool hasQuotes, out List<(int Line, string[] Values)> records, out char separator, [NotNullWhen(false)] out Fault? fault)
    {
        (records, separator, fault) = ([], separators[0], null);
        var most = 0;
        foreach (var candidate in separators)
        {
            var parsed = Parse(text, candidate, hasQuotes, out var wrong);
            wrong ??= Uneven(parsed, candidate);
            // The first one is the usual one: what is wrong with it is told.
            if (candidate == separators[0]) fault = wrong;
            var columns = parsed.Count == 0 ? 0 : parsed[0].Values.Length;
            if (wrong is not null || columns <= most || fault is not null && columns == 1) continue;
            (records, separator, most) = (parsed, candidate, columns);
        }
        if (most > 0) fault = null;
        return fault is null;
    }

    static Fault? Uneven(List<(int Line, string[] Values)> records, char separator)
    {
        foreach (var (line, values) in records)
        {
            if (values.Length == records[0].Values.Length) continue;
            var name = separator switch { ',' => "commas", ';' => "semicolons", _ => "tabs" };
            return new(line, $"has {Counted(values.Length)}, where line {records[0].Line} has {records[0].Values.Length}; put values that hold {name} in double quotes");
        }
        return null;
    }

    static List<(int Line, string[] Values)> Parse(string text, char separator, bool hasQuotes, out Fault? fault)
    {
        List<(int, string[])> records = [];
        List<string> values = [];
        var (line, begin, at) = (1, 1, 0);
        fault = null;
        while (at < text.Length)
        {
            string value;
            if (hasQuotes && text[at] == '"')
            {
                var opening = line;
                if (Quoted(text, ref at, ref line) is not { } quoted)
                {
                    fault = new(opening, "has a quote that is not closed; double the quotes within a value");
                    return records;
                }
                if (at < text.Length && text[at] != separator && text[at] is not ('\n' or '\r'))
                {
                    fault = new(line, "has text after a closing quote; double the quotes within a value");
                    return records;
                }
                value = quoted;
            }
            else
            {
                var start = at;
                while (at < text.Length && text[at] != separator && text[at] is not ('\n' or '\r')) at++;
                value = text[start..at];
            }
            values.Add(value);
            if (at < text.Length && text[at] == separator)
            {
                at++;
                // A separator at the end of the file is followed by an empty value.
                if (at < text.Length) continue;
                values.Add("");
            }
            if (values.Count > 1 || value.Length > 0) records.Add((begin, [.. values]));
            values.Clear();
            if (at < text.Length) at += text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n' ? 2 : 1;
            begin = ++line;
        }
        return records;
    }

    static string? Quoted(string text, ref int at, ref int line)
    {
        var value = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                if (at == text.Length || text[at] != '"') return value.ToString();
            }
            if (text[at] == '\n') line++;
            value.Append(text[at]);
        }
        return null;
    }

    sealed record Fault(int Line, string Why)
    {
        public OnnxEngineException In(string path) => new(ErrorKind.Data, $"Line {Line} of '{path}' {Why}.");
    }
}
