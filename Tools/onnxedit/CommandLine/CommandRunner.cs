using System.CommandLine;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Runs a command and turns whatever it throws into one sentence and an exit code.</summary>
static class CommandRunner
{
    internal static async Task<int> RunAsync(CliCommand command, ParseResult parsed, CancellationToken cancellation)
    {
        var global = GlobalOptions.Of(parsed);
        var output = new CliOutput(global);
        try
        {
            // All that the command runs follows these; the process is its own, so a ceiling on its memory harms nobody.
            using var execution = ExecutionOptions.Enter(new ExecutionOptions
            {
                Threads = global.Threads,
                Device = Device.Require(global.DeviceName),
                LimitsAddressSpace = true,
            });
            // On a thread of its own, so that Ctrl-C can end the program even while native code is busy.
            await Task.Run(() => command.Execute(new CommandContext(parsed, global, output, cancellation)), CancellationToken.None);
            return ExitCode.Done;
        }
        catch (Exception exception)
        {
            // A cancelled native call may surface as an error of its own.
            var code = cancellation.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Of(exception);
            output.Error(code switch
            {
                ExitCode.Interrupted => "interrupted.",
                ExitCode.Unexpected when exception is OutOfMemoryException => "not enough memory; try fewer items (--calibration) or a smaller --input-shape, or a machine with more.",
                ExitCode.Unexpected when !global.Verbose => $"unexpected {exception.GetType().Name}: {exception.Message} (run again with -v for details)",
                _ => exception.Message.Split('\n', 2)[0].Trim(),
            });
            if (global.Verbose && code != ExitCode.Interrupted)
                output.Trace(exception);
            return code;
        }
    }
}
