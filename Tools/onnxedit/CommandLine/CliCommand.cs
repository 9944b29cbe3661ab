using System.CommandLine;

namespace OnnxEdit.Cli;

/// <summary>A command of the program: declares its options in its constructor and does its work in <see cref="Execute"/>.</summary>
abstract class CliCommand : Command
{
    /// <summary>Names the command.</summary>
    /// <param name="name">The word the user types.</param>
    /// <param name="description">One or two sentences for the help.</param>
    /// <param name="examples">Complete command lines for the help, the first one for the overview.</param>
    protected CliCommand(string name, string description, params string[] examples) : base(name, description)
    {
        Examples = examples;
        SetAction((parsed, cancellation) => CommandRunner.RunAsync(this, parsed, cancellation));
    }

    /// <summary>Complete command lines that show the usual ways to call the command.</summary>
    internal IReadOnlyList<string> Examples { get; }

    /// <summary>
    /// Does the work. Results go to <see cref="CommandContext.Output"/>; what cannot be done is thrown as
    /// <see cref="Engine.OnnxEngineException"/>, whose kind becomes the exit code.
    /// </summary>
    internal abstract void Execute(CommandContext context);
}
