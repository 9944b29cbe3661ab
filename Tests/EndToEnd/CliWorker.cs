using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Json;

namespace OnnxEdit.EndToEnd;

/// <summary>
/// A process of the real program that runs one command line after another, so that not every test waits for .NET to start and to
/// compile the same code. <see cref="StartupHook"/> takes it over before its Main, and calls that for every line.
/// </summary>
sealed class CliWorker : IDisposable
{
    /// <summary>The environment variable that makes a process a worker.</summary>
    internal const string Variable = "ONNXEDIT_TEST_WORKER";

    // Behind what a command has written to the streams itself, or native code has.
    const string End = "\u0001end of command";

    readonly Process _process;

    internal CliWorker(Process process) => _process = process;

    /// <summary>Runs a command line to its end; null: the process ended with it.</summary>
    internal CliResult? Run(IEnumerable<string> args, string folder, TimeSpan patience)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(new Request([.. args], folder)));
        _process.StandardInput.Flush();
        var streams = Task.WhenAll(Task.Run(() => Read(_process.StandardOutput)), Task.Run(() => Read(_process.StandardError)));
        if (!streams.Wait(patience))
        {
            Dispose();
            throw new TimeoutException($"onnxedit {string.Join(' ', args)} did not end within {patience}.");
        }
        if (streams.Result is not [({ } output, { } answer), ({ } error, _)]) return null;
        var result = JsonSerializer.Deserialize<CliResult>(answer)!;
        return new CliResult(result.ExitCode, output + result.StdOut, error + result.StdErr);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    // What stands before the end, and what on its line; nothing where the stream ends.
    static (string Text, string? Answer) Read(StreamReader stream)
    {
        var text = new StringBuilder();
        while (stream.ReadLine() is { } line)
            if (line.Split(End) is [var rest, var answer]) return (text.Append(rest).ToString(), answer);
            else text.Append(line).Append('\n');
        return (text.ToString(), null);
    }

    /// <summary>The loop inside the worker.</summary>
    internal static void Serve()
    {
        var (input, output, error) = (Console.In, Console.Out, Console.Error);
        Console.SetIn(TextReader.Null);
        var main = Assembly.Load("onnxedit").EntryPoint!;
        while (input.ReadLine() is { } line)
        {
            var request = JsonSerializer.Deserialize<Request>(line)!;
            Directory.SetCurrentDirectory(request.Folder);
            using var said = new StringWriter();
            using var complained = new StringWriter();
            Console.SetOut(said);
            Console.SetError(complained);
            var code = (int)main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [request.Args], null)!;
            error.WriteLine(End);
            output.WriteLine(End + JsonSerializer.Serialize(new CliResult(code, said.ToString(), complained.ToString())));
        }
        Environment.Exit(0);
    }

    sealed record Request(string[] Args, string Folder);
}
