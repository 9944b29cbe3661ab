using System.Reflection;
using System.Text.RegularExpressions;
using OnnxEdit.Cli;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution.Runs;
using OnnxEdit.Kernels;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>The libraries speak of their API, the command line of its options, and one table leads from the first to the second.</summary>
public sealed partial class MessageTests
{
    /// <summary>Files whose text is not read by who calls them, with the reason.</summary>
    static readonly string[] _notSaid =
    [
        // Scripts that run the command line.
        "Engine/Attribution/Runs/KubernetesJob.cs",
        "Engine/Attribution/Runs/SlurmScript.cs",
        // Command lines of servers.
        "Engine/Deployment/ServingFiles.cs",
        // The first bytes of a checkpoint.
        "Engine/Training/FinetuneCheckpoint.cs",
    ];

    [Fact]
    public void Libraries_know_no_command_line()
    {
        var found = Literals().Where(l => !_notSaid.Contains(l.File) && CommandLine().IsMatch(l.Text)).Select(l => $"{l.File}: {l.Text}");
        Assert.Equal([], found);
        // And the files left out are there, with such text.
        foreach (var file in _notSaid) Assert.Contains(Literals(), l => l.File == file && CommandLine().IsMatch(l.Text));
    }

    [Fact]
    public void What_the_table_holds_is_there_and_named_by_a_message()
    {
        var named = Named().ToHashSet(StringComparer.Ordinal);
        Assert.Equal([], OptionWords.Table.Keys.Where(key => !named.Contains(key)));
        Assert.Equal([], OptionWords.Table.Keys.Where(key => !IsKnown(key)));
        Assert.DoesNotContain(OptionWords.Table.Values, typed => typed.Contains('"', StringComparison.Ordinal) || typed.Contains('\\', StringComparison.Ordinal));
    }

    // A message that names a member which has gone, or one that users of the command line do not know.
    [Fact]
    public void What_messages_name_is_in_the_table_or_a_public_member()
    {
        var types = Types().Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var named = Named().Where(name => types.Contains(name.Split('.')[0])).ToArray();
        Assert.True(named.Length > 40, $"only {named.Length} members are named");
        Assert.Equal([], named.Where(name => !OptionWords.Table.ContainsKey(name) && !IsKnown(name)));
        Assert.Equal([], named.Where(name => name.Contains("Options.", StringComparison.Ordinal) && !OptionWords.Table.ContainsKey(name)));
    }

    // Its log and its answers are read by who never saw the library, and no table stands between.
    [Fact]
    public void The_server_names_no_members()
    {
        var types = Types().Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        Assert.Equal([], Literals().Where(l => l.File.StartsWith("Serving/", StringComparison.Ordinal))
            .SelectMany(l => OptionWords.Named().Matches(Hole().Replace(l.Text, "{}")).Select(m => m.Groups["member"].Value)).Where(name => types.Contains(name.Split('.')[0])));
    }

    [Theory]
    [InlineData("allow more with UnlearnOptions.RetainDrop, or leave out UnlearnOptions.Physical.", "allow more with --retain-drop, or leave out --physical.")]
    [InlineData("or use SlimOptions.Align = 1. docs/channels.md says what is locked.", "or use --align 1. 'onnxedit explain' says what is locked.")]
    [InlineData("(choose another with ModelSignature.Of(shapes)).", "(choose another with --input-shape).")]
    [InlineData("leave DeployOptions.Gates[max-drop] and DeployOptions.Gates[require-speedup] away", "leave --max-drop and --require-speedup away")]
    [InlineData("'my.SlimOptions.Align' and Nothing.Known = 1 stay", "'my.SlimOptions.Align' and Nothing.Known = 1 stay")]
    public void Members_become_options(string said, string printed) => Assert.Equal(printed, OptionWords.In(said));

    // All strings of the libraries; where strings may stand in the holes of others, with the code between them.
    static IEnumerable<(string File, string Text)> Literals() =>
        from folder in (string[])["OnnxSurgery", "Engine", "Kernels", "Serving"]
        from file in Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
        where !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
        from line in File.ReadLines(file)
        where !Comment().IsMatch(line)
        from Match found in (line.Contains("$\"", StringComparison.Ordinal) ? Interpolated() : Literal()).Matches(line)
        select (Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'), found.Value);

    static IEnumerable<string> Named() =>
        Literals().SelectMany(l => OptionWords.Named().Matches(Hole().Replace(l.Text, "{}")).Select(m => m.Groups["member"].Value)).Distinct(StringComparer.Ordinal);

    static IEnumerable<Type> Types() =>
        ((Assembly[])[typeof(OnnxEditException).Assembly, typeof(OnnxEngineException).Assembly, typeof(OnnxKernelException).Assembly, typeof(Serving.ServeOptions).Assembly])
            // Runs of attributions are in the hands of the command line alone.
            .SelectMany(assembly => assembly.GetTypes().Where(type => type.IsPublic || type.Namespace == typeof(RunFolder).Namespace));

    static bool IsKnown(string name)
    {
        if (name.StartsWith("docs/", StringComparison.Ordinal)) return File.Exists(Path.Combine(Repository.Root, name));
        var (type, member, parameter) = Parts().Match(name) is var m ? (m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value) : default;
        return Types().Where(t => t.Name == type).SelectMany(t => t.GetMember(member, BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static)).Any(found =>
            parameter.Length == 0 || (found is MethodInfo method && method.GetParameters().Any(p => p.Name == parameter)));
    }

    [GeneratedRegex(@"(?<![\w-])--[a-z]|\bonnxedit (?:bench|coar|completion|deploy|edit|eval|explain|finetune|init|inspect|report|sample|serve|slim|stats|unlearn)\b")]
    private static partial Regex CommandLine();

    [GeneratedRegex("^ *//")]
    private static partial Regex Comment();

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"
        """)]
    private static partial Regex Literal();

    [GeneratedRegex("\".*\"")]
    private static partial Regex Interpolated();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Hole();

    [GeneratedRegex(@"^(\w+)\.(\w+)(?:\((\w+)\))?$")]
    private static partial Regex Parts();
}
