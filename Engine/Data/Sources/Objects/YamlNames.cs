using System.Text.RegularExpressions;

namespace OnnxEdit.Engine.Data.Sources.Objects;

/// <summary>The names of classes in a data.yaml, in the three ways that they are written in: a list in a line, a list by lines, a number before each.</summary>
static partial class YamlNames
{
    /// <summary>The names; null: there is no such file in the folder, or they are written in another way.</summary>
    public static string[]? Read(string folder)
    {
        var path = new[] { "data.yaml", "data.yml", "dataset.yaml" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (path is null) return null;
        string[] lines = DataFiles.Guarded(path, () => File.ReadAllLines(path));
        var at = Array.FindIndex(lines, line => line.StartsWith("names:", StringComparison.Ordinal));
        if (at < 0) return null;
        var inline = lines[at]["names:".Length..].Trim();
        // A list in brackets may go on over several lines.
        if (inline.StartsWith('['))
        {
            for (var next = at + 1; !inline.Contains(']', StringComparison.Ordinal) && next < lines.Length; next++) inline += lines[next].Trim();
            return [.. Item().Matches(inline[1..].Split(']')[0]).Select(item => Plain(item.Value))];
        }
        if (inline.Length > 0 && inline[0] != '#') return null;
        var rows = lines.Skip(at + 1).Where(line => line.Trim() is { Length: > 0 } text && text[0] != '#').Select(line => Row().Match(line)).TakeWhile(row => row.Success).ToArray();
        var isInOrder = rows.Index().All(row => row.Item.Groups["number"] is not { Success: true } number || number.Value == $"{row.Index}");
        return rows.Length > 0 && isInOrder ? [.. rows.Select(row => Plain(row.Groups["name"].Value))] : null;
    }

    static string Plain(string text)
    {
        var name = text.Trim();
        return name.Length > 1 && name[0] is '\'' or '"' && name[^1] == name[0] ? name[1..^1] : CommentBehind().Replace(name, "").Trim();
    }

    [GeneratedRegex("""'[^']*'|"[^"]*"|[^,\s][^,]*""")]
    private static partial Regex Item();

    [GeneratedRegex(@"^\s*(?:-\s+|(?<number>\d+)\s*:\s*)(?<name>\S.*)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Row();

    [GeneratedRegex(@"\s+#.*$")]
    private static partial Regex CommentBehind();
}
