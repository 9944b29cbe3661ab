using System.Text.RegularExpressions;

namespace OnnxEdit.EndToEnd;

/// <summary>The samples of docs/library.md, as they are printed there.</summary>
/// <param name="Usings">The using lines of all, which the first block begins with.</param>
/// <param name="Blocks">The statements of each block. The first opens what the others use.</param>
sealed partial record LibrarySamples(IReadOnlyList<string> Usings, IReadOnlyList<string> Blocks)
{
    /// <summary>Reads the document.</summary>
    internal static LibrarySamples Read()
    {
        var blocks = Block().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "library.md")).ReplaceLineEndings("\n"))
            .Select(match => match.Groups["lines"].Value.Split('\n')).ToArray();
        static bool IsUsing(string line) => line.StartsWith("using OnnxEdit.", StringComparison.Ordinal);
        return new(
            [.. blocks.SelectMany(lines => lines.Where(IsUsing))],
            [.. blocks.Select(lines => string.Join('\n', lines.Where(line => !IsUsing(line))).Trim('\n'))]);
    }

    /// <summary>A class that runs them one after the other; names of one block are its own.</summary>
    internal string Source() => $$"""
        {{string.Join('\n', Usings)}}

        static class Samples
        {
            internal static void Run()
            {
        {{Blocks[0]}}
        {{string.Join('\n', Blocks.Skip(1).Select(block => $"{{\n{block}\n}}"))}}
            }
        }
        """;

    [GeneratedRegex("```csharp\n(?<lines>.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
