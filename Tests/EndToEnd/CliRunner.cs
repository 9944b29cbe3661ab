using System.Diagnostics;

namespace OnnxEdit.EndToEnd;

/// <summary>Runs the real program as a process, as a user would.</summary>
static class CliRunner
{
    static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    /// <summary>Runs onnxedit to its end.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="cwd">The current folder; null: the tests' own.</param>
    /// <param name="env">Environment variables to set.</param>
    internal static CliResult Run(IEnumerable<string> args, string? cwd = null, IReadOnlyDictionary<string, string>? env = null)
    {
        using var process = Start(args, cwd, env);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(_patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"onnxedit {string.Join(' ', args)} did not end within {_patience}.");
        }

        return new CliResult(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>The same with the words of the command line in one string; none of them may hold a blank.</summary>
    internal static CliResult Run(string commandLine, string? cwd = null) => Run(commandLine.Split(' '), cwd);

    /// <summary>Starts onnxedit and does not wait.</summary>
    internal static Process Start(IEnumerable<string> args, string? cwd = null, IReadOnlyDictionary<string, string>? env = null)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            WorkingDirectory = cwd ?? AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "onnxedit.dll"));
        foreach (var arg in args) start.ArgumentList.Add(arg);
        foreach (var (name, value) in env ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
