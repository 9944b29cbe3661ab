using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class HelpTests
{
    static readonly string[] _commands = ["sample", "init", "inspect", "explain", "eval", "stats", "slim", "unlearn", "coar", "edit", "finetune", "bench", "report", "deploy", "serve", "completion"];

    static readonly Dictionary<string, string> _defaults = new() { ["ONNXEDIT_THREADS"] = "" };

    [Fact]
    public void Help_lists_every_command_with_an_example()
    {
        var help = CliRunner.Run("--help").Expect(0).StdOut;
        foreach (var command in _commands)
        {
            Assert.Contains($"\n  {command} ", help, StringComparison.Ordinal);
            Assert.Contains($"\n  onnxedit {command} ", help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Each_command_explains_itself()
    {
        foreach (var command in _commands)
        {
            var help = CliRunner.Run([command, "--help"]).Expect(0).StdOut;
            Assert.Contains("Description:", help, StringComparison.Ordinal);
            Assert.Contains("Example", help, StringComparison.Ordinal);
            Assert.Contains("--json", help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Help_is_what_it_was_word_for_word()
    {
        string[] all = ["", .. _commands, .. new[] { "eval", "show", "edit", "plan", "sample", "merge", "fit", "submit" }.Select(c => $"coar {c}")];
        var helps = all.Select(c => $"== onnxedit {c}\n{CliRunner.Run([.. c.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"], env: _defaults).Expect(0).StdOut.ReplaceLineEndings("\n")}");
        Snapshot.Check("help", string.Join('\n', helps));
    }

    [Fact]
    public void Help_wins_over_mistakes_in_the_same_line() =>
        Assert.Contains("Usage:", CliRunner.Run("eval --nonsense --help").Expect(0).StdOut, StringComparison.Ordinal);

    [Fact]
    public void No_command_at_all_shows_the_help_and_fails()
    {
        var result = CliRunner.Run(Array.Empty<string>()).Expect(2);
        Assert.Empty(result.StdOut);
        Assert.Contains("Commands:", result.StdErr, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_is_one_line() =>
        Assert.Matches("^\\d+\\.\\d+\\.\\d+[^\n]*\n$", CliRunner.Run("--version").Expect(0).StdOut.ReplaceLineEndings("\n"));
}
