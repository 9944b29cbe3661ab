namespace OnnxEdit.Cli;

/// <summary>The commands, in the order the help lists them. A new command is a file in Commands/ and a line here.</summary>
static class CommandCatalog
{
    /// <summary>Makes every command.</summary>
    internal static IReadOnlyList<CliCommand> Create() =>
    [
        new SampleCommand(),
        new InitCommand(),
        new InspectCommand(),
        new ExplainCommand(),
        new EvalCommand(),
        new StatsCommand(),
        new SlimCommand(),
        new UnlearnCommand(),
        new CoarCommand(),
        new EditCommand(),
        new FinetuneCommand(),
        new BenchCommand(),
        new ReportCommand(),
        new DeployCommand(),
        new ServeCommand(),
        new CompletionCommand(),
    ];
}
