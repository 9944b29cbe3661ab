using System.CommandLine;
using System.CommandLine.Help;

namespace OnnxEdit.Cli;

/// <summary>The program: parses the command line and runs the command it names.</summary>
static class CommandLineApp
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var root = Root();
        if (args.Length == 0)
        {
            await root.Parse(["--help"]).InvokeAsync(new InvocationConfiguration { Output = Console.Error });
            return ExitCode.Usage;
        }

        var parsed = root.Parse(args);
        // --help and --version outrank mistakes elsewhere in the line; they are the actions that clear errors.
        if (parsed.Action is not { ClearsParseErrors: true } && ParseMistake.In(parsed) is { } mistake)
        {
            new CliOutput(GlobalOptions.Defaults).Error(mistake);
            return ExitCode.Usage;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
    }

    /// <summary>The command line, ready to parse.</summary>
    internal static RootCommand Root()
    {
        var root = new RootCommand(
            "Edits trained ONNX classifiers at inference time: measures them, removes channels they can do without, and verifies the result. No Python, no training framework.");
        GlobalOptions.AddTo(root);
        foreach (var command in CommandCatalog.Create())
            root.Subcommands.Add(command);
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction help })
                option.Action = new ExampleHelp(help);
        }

        return root;
    }
}
