using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>What the columns of a table say, as a user tells it or as their names do.</summary>
static class TextRoles
{
    static readonly HashSet<string> _texts = [.. "text sentence sentence1 sentence2 text1 text2 premise hypothesis question question1 question2 query review content comment tweet".Split(' ')];
    static readonly HashSet<string> _scores = [.. "score similarity similarityscore relatednessscore".Split(' ')];
    static readonly HashSet<string> _labels = [.. "label labels class sentiment category".Split(' ')];
    static readonly HashSet<string> _tags = [.. "tags nertags postags".Split(' ')];

    /// <summary>Whether names of columns stand in a row: one of them is known, and none is a number.</summary>
    public static bool IsHeader(IReadOnlyList<string> row) => row.Any(name => OfName(name) != TextRole.None)
        && !row.Any(name => double.TryParse(name, NumberStyles.Float, CultureInfo.InvariantCulture, out _));

    /// <summary>The role of each column as its name tells it.</summary>
    /// <exception cref="OnnxEngineException">They tell no text, more than two, or two of another role (<see cref="ErrorKind.Usage"/>).</exception>
    public static TextRole[] Guessed(TextCells cells, string path)
    {
        OnnxEngineException Doubtful(string why) => new(ErrorKind.Usage,
            $"'{path}' {why}; say what they hold with DataOptions.Columns, e.g. {Example(cells)} (text, score, label, tags, value, or - for none).");
        if (cells.Names is not { } names) throw Doubtful($"has {TextCells.Counted(cells.Columns)} without names");
        var roles = names.Select(OfName).ToArray();
        var listed = string.Join(", ", names);
        if (!roles.Contains(TextRole.Text)) throw Doubtful($"has the columns {listed}, none of them known to be text");
        foreach (var group in roles.Where(role => role != TextRole.None).GroupBy(role => role))
            if (group.Count() > (group.Key == TextRole.Text ? 2 : 1)) throw Doubtful($"has the columns {listed}, {group.Count()} of them {Words.Of(group.Key)}");
        return roles;
    }

    /// <summary>The role of each column as a user tells it: roles in the order of the columns, or NAME=ROLE each.</summary>
    /// <exception cref="OnnxEngineException">A role or column is unknown, or the roles do not make a table (<see cref="ErrorKind.Usage"/>).</exception>
    public static TextRole[] Given(IReadOnlyList<string> columns, TextCells cells, string path)
    {
        var roles = new TextRole[cells.Columns];
        var isNamed = columns.Any(column => column.Contains('=', StringComparison.Ordinal));
        if (!isNamed && columns.Count > cells.Columns)
            throw new OnnxEngineException(ErrorKind.Data, $"{(cells.Rows > 0 ? cells.Place(0) : $"'{path}'")} has {TextCells.Counted(cells.Columns)}, and DataOptions.Columns names {columns.Count}.");
        for (var at = 0; at < columns.Count; at++)
        {
            if (!isNamed)
            {
                roles[at] = Role(columns[at]);
                continue;
            }
            var split = columns[at].LastIndexOf('=');
            if (split < 0)
                throw new OnnxEngineException(ErrorKind.Usage, $"DataOptions.Columns holds '{columns[at]}' beside NAME=ROLE; write all of them as NAME=ROLE, or only roles in the order of the columns.");
            if (cells.Names is not { } names)
                throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' does not name its columns, so DataOptions.Columns needs roles in their order, e.g. {Example(cells)}.");
            var column = names.Index().Where(entry => entry.Item == columns[at][..split]).Select(entry => (int?)entry.Index).FirstOrDefault()
                ?? throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' has no column '{columns[at][..split]}'; it has {string.Join(", ", names)}.");
            roles[column] = Role(columns[at][(split + 1)..]);
        }
        foreach (var (role, most) in ((TextRole, int)[])[(TextRole.Text, 2), (TextRole.Score, 1), (TextRole.Label, 1), (TextRole.Tags, 1)])
            if (roles.Count(given => given == role) is var count && count > most)
                throw new OnnxEngineException(ErrorKind.Usage, $"DataOptions.Columns names {count} columns {Words.Of(role)}; {(most == 1 ? "one is" : "two are")} the most.");
        return roles.Contains(TextRole.Text) ? roles : throw new OnnxEngineException(ErrorKind.Usage, "DataOptions.Columns names no text column; write text for one or two of them.");
    }

    static TextRole Role(string word) => word.Trim() switch
    {
        "" or "-" => TextRole.None,
        "tag" => TextRole.Tags,
        var trimmed => Words.Find<TextRole>(trimmed)
            ?? throw new OnnxEngineException(ErrorKind.Usage, $"DataOptions.Columns holds '{trimmed}'; a column is text, score, label, tags, value, or - for none."),
    };

    static TextRole OfName(string name)
    {
        var plain = string.Concat(name.Where(c => c is not ('_' or '-' or ' '))).ToLowerInvariant();
        return _texts.Contains(plain) ? TextRole.Text : _scores.Contains(plain) ? TextRole.Score : _labels.Contains(plain) ? TextRole.Label : _tags.Contains(plain) ? TextRole.Tags : TextRole.None;
    }

    static string Example(TextCells cells) => cells.Columns switch { 1 => "text", 2 => "text,label", _ => "text,text,score" };
}
