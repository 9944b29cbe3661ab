using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Every example of docs/tasks.md is run, in its order, and prints what stands below it.</summary>
public sealed partial class TaskDocumentTests(TaskExamples examples) : IClassFixture<TaskExamples>
{
    const string Document = "docs/tasks.md";

    [Fact]
    public void Every_example_prints_what_the_document_says()
    {
        List<string> wrong = [];
        var shown = 0;
        foreach (Match example in Example().Matches(File.ReadAllText(Path.Combine(Repository.Root, Document))))
        {
            List<string> printed = [];
            var commands = example.Groups["commands"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            foreach (var command in commands)
            {
                var result = CliRunner.Run(command.Split(' ').Skip(1), examples.Folder).Expect(0);
                printed.AddRange(result.StdErr.Split('\n'));
                printed.AddRange(result.StdOut.Split('\n'));
            }
            // What other channels are worth depends on the processor's roundings.
            var isSlim = Array.Exists(commands, command => command.StartsWith("onnxedit slim", StringComparison.Ordinal));
            foreach (var line in example.Groups["lines"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                shown++;
                if (!printed.Exists(found => IsSame(line, found, isSlim ? 1.5 : 0.015))) wrong.Add($"{string.Join('\n', commands)}\n  does not print\n  {line}\n  but\n{string.Join('\n', printed)}");
            }
        }
        Assert.True(shown > 15, $"{shown} lines were found.");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_task_has_an_example_and_every_command_stands_in_one()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, Document));
        foreach (var task in OnnxEdit.Engine.Tasks.Kinds.ModelTasks.Table.Rows)
            Assert.Contains($"\n## {char.ToUpperInvariant(task.Name[0])}{task.Name[1..]}\n", text, StringComparison.Ordinal);
        Assert.Equal(DocumentTests.Commands(Document), Example().Matches(text).SelectMany(example => example.Groups["commands"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    // The same words, and numbers that are near.
    static bool IsSame(string line, string found, double tolerance)
    {
        var (wanted, got) = (Word().Matches(line), Word().Matches(found));
        return wanted.Count == got.Count && wanted.Zip(got).All(pair => pair.First.Value == pair.Second.Value
            || Number(pair.First.Value) is { } a && Number(pair.Second.Value) is { } b && Math.Abs(a - b) <= tolerance);
    }

    static double? Number(string word) => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex("```sh\n(?<commands>.*?)```\n\n```\n(?<lines>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"[-+]?\d+(\.\d+)?|[^\s\d]+")]
    private static partial Regex Word();
}
