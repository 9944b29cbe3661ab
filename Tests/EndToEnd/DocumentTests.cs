using System.Text.RegularExpressions;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>What the documents say is done, word by word.</summary>
public sealed partial class DocumentTests(SlimSample sample)
{
    [Fact]
    public void The_tutorial_on_the_sample_runs()
    {
        var folder = Directory.CreateDirectory(sample.New("")).FullName;
        Run(Commands("docs/tutorial-sample.md"), folder);
        foreach (var made in new[] { "slim.html", "unlearn.html", "model.tuned.onnx", "model.edit.onnx", "plan.json" })
            Assert.True(File.Exists(Path.Combine(folder, "demo", made)), made);
    }

    [Fact]
    public void The_tutorial_on_a_real_network_runs()
    {
        var (model, data) = (SharedData.Require("models", "resnet20_cifar10.onnx"), SharedData.Require("data", "cifar10"));
        Assert.SkipUnless(Environment.GetEnvironmentVariable("ONNXEDIT_LONG_TESTS") == "1", "It takes minutes; ONNXEDIT_LONG_TESTS=1 runs it.");
        var folder = Directory.CreateDirectory(sample.New("")).FullName;
        File.CreateSymbolicLink(Path.Combine(folder, "cifar10"), data);
        File.Copy(model, Path.Combine(folder, "model.onnx"));
        Run(Commands("docs/tutorial-resnet.md"), folder);
        foreach (var made in new[] { "slim.html", "forgot.html", "onnxedit.json" })
            Assert.True(File.Exists(Path.Combine(folder, made)), made);
    }

    [Fact]
    public void The_samples_of_the_library_are_short()
    {
        var blocks = LibrarySamples.Read().Blocks;
        Assert.Equal(8, blocks.Count);
        Assert.All(blocks, block => Assert.InRange(block.Split('\n').Length, 1, 10));
    }

    /// <summary>Each command of the README and of docs/ names a command and options that exist.</summary>
    [Fact]
    public void Every_documented_command_has_only_options_that_exist()
    {
        var commands = Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Append(Path.Combine(Repository.Root, "README.md")).SelectMany(Commands).Where(command => command.StartsWith("onnxedit", StringComparison.Ordinal)).Distinct().ToArray();
        Assert.True(commands.Length > 60, $"{commands.Length} commands were found.");
        Dictionary<string, string> helps = [];
        foreach (var command in commands)
        {
            var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).ToArray();
            if (words[0].StartsWith('-')) continue;
            var name = words[0];
            var help = Help(name);
            // A command of a command, such as coar show.
            if (words.Length > 1 && char.IsAsciiLetter(words[1][0]) && help.Contains($"\n  {words[1]} ", StringComparison.Ordinal) && help.Contains("\nCommands:", StringComparison.Ordinal))
                help = Help(name += $" {words[1]}");
            Assert.Contains($"onnxedit {name}", help, StringComparison.Ordinal);
            foreach (var option in words.Where(word => Option().IsMatch(word)))
                Assert.True(Regex.IsMatch(help, $@"(^|[\s,]){Regex.Escape(option)}(?=[\s,]|$)", RegexOptions.Multiline), $"{command}\n{option} is no option of {name}.");
        }

        string Help(string name) => helps.TryGetValue(name, out var known) ? known
            : helps[name] = CliRunner.Run([.. name.Split(' '), "--help"]).Expect(0).StdOut;
    }

    static void Run(IEnumerable<string> commands, string folder)
    {
        foreach (var command in commands)
        {
            var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is ["cd", var into]) folder = Path.Combine(folder, into);
            else CliRunner.Run([.. words.Skip(1), "-q"], folder).Expect(0);
        }
    }

    /// <summary>The commands in the sh blocks of a document, without comments, redirections and what follows.</summary>
    internal static IEnumerable<string> Commands(string document) => Block().Matches(File.ReadAllText(Path.Combine(Repository.Root, document)))
        .SelectMany(block => block.Groups["lines"].Value.Split('\n'))
        .Select(line => Comment().Replace(line, "").Trim())
        .Where(line => line.StartsWith("onnxedit ", StringComparison.Ordinal) || line.StartsWith("cd ", StringComparison.Ordinal));

    [GeneratedRegex("```sh\n(?<lines>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\s+(#|>|\||&&).*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^--?[a-z][a-z-]*$")]
    private static partial Regex Option();
}
