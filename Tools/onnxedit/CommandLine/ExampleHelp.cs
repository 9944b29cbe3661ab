using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace OnnxEdit.Cli;

/// <summary>The usual help, followed by examples: of the command, or one of each command.</summary>
sealed class ExampleHelp : SynchronousCommandLineAction
{
    readonly HelpAction _help;

    internal ExampleHelp(HelpAction help)
    {
        _help = help;
        // Piped help has no width of its own; a fixed one keeps it readable and the same everywhere.
        if (Console.IsOutputRedirected) _help.MaxWidth = 100;
    }

    /// <summary>Characters in a line.</summary>
    internal int Width { set => _help.MaxWidth = value; }

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        _help.Invoke(parseResult);
        var command = parseResult.CommandResult.Command;
        var examples = command is CliCommand own
            ? own.Examples
            : [.. command.Subcommands.OfType<CliCommand>().Select(each => each.Examples[0])];
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine(examples.Count == 1 ? "Example:" : "Examples:");
        foreach (var example in examples)
            output.WriteLine($"  {example}");
        output.WriteLine();
        return ExitCode.Done;
    }
}
