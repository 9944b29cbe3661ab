using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Rows with texts, read from .csv, .tsv, .jsonl or .parquet.</summary>
sealed record TextTable
{
    const int ShownClasses = 10;

    /// <summary>The rows, at least one.</summary>
    public required IReadOnlyList<TextRow> Rows { get; init; }

    /// <summary>Names of the classes where labels are words: in ordinal order, which numbers them, or as the file names its numbers; null: labels are numbers, or there are none.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>What was read and taken for what, for the reader.</summary>
    public required string Said { get; init; }

    /// <summary>Whether a file is read as a table of text, by its name.</summary>
    public static bool IsTable(string path) => Extension(path) is ".csv" or ".tsv" or ".jsonl" or ".parquet";

    /// <summary>The extension of a name, in lower case, without .gz.</summary>
    public static string Extension(string path)
    {
        var name = path.ToLowerInvariant();
        return Path.GetExtension(name.EndsWith(".gz", StringComparison.Ordinal) ? name[..^3] : name);
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">
    /// What its columns hold: text (once or twice), score, label, tags, value (any number of times) or - (nothing) in their order, or NAME=ROLE
    /// each; null: their names say it.
    /// </param>
    /// <exception cref="OnnxEngineException">
    /// It cannot be read, holds nothing, or a value is not what it should be (<see cref="ErrorKind.Data"/>); or it is not clear what
    /// the columns hold (<see cref="ErrorKind.Usage"/>).
    /// </exception>
    public static TextTable Open(string path, IReadOnlyList<string>? columns)
    {
        var isNamed = columns?.Any(column => column.Contains('=', StringComparison.Ordinal)) == true;
        TextCells cells = Extension(path) switch
        {
            ".csv" or ".tsv" => SeparatedText.Open(path, row => isNamed || TextRoles.IsHeader(row)),
            ".jsonl" => JsonLines.Open(path),
            ".parquet" => ParquetTexts.Open(path),
            _ => throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is no table of text; .csv, .tsv, .jsonl and .parquet are read."),
        };
        var roles = columns is null ? TextRoles.Guessed(cells, path) : TextRoles.Given(columns, cells, path);
        if (cells.Rows == 0) throw new OnnxEngineException(ErrorKind.Data, $"'{path}' has names of columns but no rows.");
        return Read(cells, roles, columns is null);
    }

    static TextTable Read(TextCells cells, TextRole[] roles, bool isGuessed)
    {
        int[] Of(TextRole role) => [.. roles.Index().Where(entry => entry.Item == role).Select(entry => entry.Index)];
        var (texts, values) = (Of(TextRole.Text), Of(TextRole.Value));
        int? score = Of(TextRole.Score) is [var s] ? s : null, label = Of(TextRole.Label) is [var l] ? l : null, tags = Of(TextRole.Tags) is [var t] ? t : null;
        var labels = label is { } column ? TextLabels.Read(cells, column) : null;
        if (tags is not null && texts.Length > 1) throw new OnnxEngineException(ErrorKind.Usage, "Tags belong to the words of one text; name one text column with DataOptions.Columns.");
        var rows = new TextRow[cells.Rows];
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row] = new TextRow(Text(cells, row, texts[0]), texts.Length > 1 ? Text(cells, row, texts[1]) : null)
            {
                Score = score is { } scored ? Number(cells, row, scored, "score") : null,
                Label = labels?.Numbers[row] ?? -1,
                LabelName = labels?.Names?[labels.Numbers[row]],
                Tags = tags is { } tagged ? Tags(cells, row, texts[0], tagged) : null,
                Values = values.Length == 0 ? null : [.. values.Select(value => (float)Number(cells, row, value, "value"))],
            };
        }
        return new TextTable { Rows = rows, ClassNames = labels?.Names, Said = Describe(cells, roles, isGuessed, rows, labels?.Names) };
    }

    static string Text(TextCells cells, int row, int column) =>
        cells.Cell(row, column) ?? throw new OnnxEngineException(ErrorKind.Data, $"{cells.Place(row)} has no {Column(cells, column)}.");

    static string[] Tags(TextCells cells, int row, int text, int tags)
    {
        var (words, given) = (Text(cells, row, text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), Text(cells, row, tags).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return words.Length == given.Length ? given
            : throw new OnnxEngineException(ErrorKind.Data, $"{cells.Place(row)} has {Counted(words.Length, "word")} and {Counted(given.Length, "tag")}; give one tag for each word, blanks between them.");

        static string Counted(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
    }

    static double Number(TextCells cells, int row, int column, string role)
    {
        var text = Text(cells, row, column);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number : throw new OnnxEngineException(ErrorKind.Data, $"{cells.Place(row)} has the {role} '{text}', which is no number{HeaderHint(cells, row)}.");
    }

    /// <summary>Words that follow a complaint about the first row of a table without names: it may be one of names.</summary>
    internal static string HeaderHint(TextCells cells, int row) =>
        row == 0 && cells.Names is null ? "; if this line names the columns, write DataOptions.Columns as NAME=ROLE" : "";

    static string Column(TextCells cells, int column) => cells.Names is { } names ? $"'{names[column]}'" : $"column {column + 1}";

    static string Describe(TextCells cells, TextRole[] roles, bool isGuessed, TextRow[] rows, IReadOnlyList<string>? classes)
    {
        var columns = cells.Names is { } names
            ? roles.Zip(names).Where(column => column.First != TextRole.None).Select(column => $"{column.Second}={Words.Of(column.First)}") : roles.Select(Words.Of);
        var others = cells.Names is null ? 0 : roles.Count(role => role == TextRole.None);
        List<string> said =
        [
            string.Create(CultureInfo.InvariantCulture, $"{rows.Length:N0} {(rows.Length == 1 ? "row" : "rows")}, columns {string.Join(',', columns)}")
                + (isGuessed ? " by their names" : "") + (others == 0 ? "" : $", {others} left out"),
        ];
        if (cells.Said is { } more) said.Add(more);
        if (classes is not null)
            said.Add($"classes {string.Join(", ", classes.Take(ShownClasses).Select((name, number) => $"{name}={number}"))}{(classes.Count > ShownClasses ? $" and so on to {classes.Count - 1}" : "")}");
        if (rows.Count(row => row.First.Length == 0 || row.Second is { Length: 0 }) is > 0 and var empty)
            said.Add(empty == 1 ? "1 row has an empty text and is kept" : $"{empty} rows have an empty text and are kept");
        // The reader of Parquet puts it where bytes are not UTF-8.
        if (rows.Count(row => row.First.Contains('\uFFFD', StringComparison.Ordinal) || row.Second?.Contains('\uFFFD', StringComparison.Ordinal) == true) is > 0 and var broken)
            said.Add($"{broken} {(broken == 1 ? "row holds" : "rows hold")} U+FFFD, which stands for characters that were lost");
        return string.Join("; ", said);
    }
}
