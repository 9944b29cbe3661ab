using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>What the program returns to its caller; the kinds of <see cref="ErrorKind"/> have the values 2 to 6.</summary>
static class ExitCode
{
    /// <summary>Everything was done.</summary>
    internal const int Done = 0;

    /// <summary>A fault of the program itself.</summary>
    internal const int Unexpected = 1;

    /// <summary>A wrong command, option or argument, or a file that cannot be written.</summary>
    internal const int Usage = (int)ErrorKind.Usage;

    /// <summary>Ended by Ctrl-C.</summary>
    internal const int Interrupted = 130;

    /// <summary>The exit code that goes with an exception.</summary>
    internal static int Of(Exception exception) => exception switch
    {
        OperationCanceledException => Interrupted,
        OnnxEditException stated => (int)stated.Kind,
        OnnxRuntimeException => (int)ErrorKind.Model,
        IOException or UnauthorizedAccessException => Usage,
        _ => Unexpected,
    };
}
