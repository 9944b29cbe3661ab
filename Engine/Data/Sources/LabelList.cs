using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>
/// Lists of images with their labels, a line IMAGE,LABEL each. As in RFC 4180 a value may stand in double quotes, in which
/// commas are part of it and quotes are doubled; without quotes the label follows the last comma, so that names may hold
/// commas. Blanks around values, blank lines and the kind of line ends do not matter. A value ends with its line.
/// </summary>
static class LabelList
{
    // Characters of a faulty line that a message shows.
    const int Shown = 80;

    /// <summary>What a line says.</summary>
    /// <param name="Line">Its number, from 1 on.</param>
    /// <param name="Image">The image as it is named.</param>
    /// <param name="Label">Its label, a name or a number.</param>
    internal readonly record struct Entry(int Line, string Image, string Label);

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isHeader">Whether the first entry names the columns, and is no image.</param>
    /// <param name="hasComments">Whether lines that begin with '#' are passed over; else they name images like any other.</param>
    /// <exception cref="OnnxEngineException">It cannot be read, a line is not IMAGE,LABEL, or there is none (<see cref="ErrorKind.Data"/>).</exception>
    internal static IReadOnlyList<Entry> Read(string path, Func<Entry, bool> isHeader, bool hasComments)
    {
        List<Entry> entries = [];
        var isFirst = true;
        foreach (var (index, line) in DataFiles.Guarded(path, () => File.ReadAllLines(path)).Index())
        {
            var text = line.Trim();
            if (text.Length == 0 || (hasComments && text[0] == '#')) continue;
            var entry = Parse(text, index + 1, path);
            if (!isFirst || !isHeader(entry)) entries.Add(entry);
            isFirst = false;
        }
        return entries.Count > 0 ? entries : throw new OnnxEngineException(ErrorKind.Data, $"'{path}' lists no images; write lines IMAGE,LABEL.");
    }

    static Entry Parse(string line, int number, string path)
    {
        OnnxEngineException Fault(string why) => new(ErrorKind.Data, $"Line {number} of '{path}' is not IMAGE,LABEL: {why}. It reads '{Cut(line)}'.");
        List<(int Start, string Text, bool IsQuoted)> values = [];
        for (var at = 0; ; at++)
        {
            var start = at;
            while (at < line.Length && line[at] is ' ' or '\t') at++;
            if (at < line.Length && line[at] == '"')
            {
                var close = Closing(line, at);
                if (close < 0) throw Fault("a quote is not closed");
                values.Add((start, line[(at + 1)..close].Replace("\"\"", "\"", StringComparison.Ordinal), true));
                for (at = close + 1; at < line.Length && line[at] is ' ' or '\t';) at++;
                if (at < line.Length && line[at] != ',') throw Fault("text follows a closing quote; put the whole name in quotes and double those within it");
            }
            else
            {
                at = line.IndexOf(',', at) is >= 0 and var comma ? comma : line.Length;
                values.Add((start, line[start..at].Trim(), false));
            }
            if (at == line.Length) break;
        }
        if (values.Count == 1) throw Fault("it has no label");
        if (values.Count > 2 && values[..^1].Exists(value => value.IsQuoted)) throw Fault("it has more than two values; put each that holds a comma in quotes");
        var (image, label) = (values.Count == 2 ? values[0].Text : line[..(values[^1].Start - 1)].Trim(), values[^1].Text);
        if (image.Length == 0) throw Fault("it has no image");
        if (label.Length == 0) throw Fault("it has no label");
        return new Entry(number, image, label);
    }

    // Where the quote that opens at a place is closed: at the next one that is not doubled; -1: nowhere.
    static int Closing(string line, int opening)
    {
        var close = line.IndexOf('"', opening + 1);
        while (close >= 0 && close + 1 < line.Length && line[close + 1] == '"') close = line.IndexOf('"', close + 2);
        return close;
    }

    static string Cut(string line)
    {
        var shown = line.Length <= Shown ? line : $"{line[..Shown]}...";
        return string.Concat(shown.Select(c => char.IsControl(c) ? ' ' : c));
    }
}
