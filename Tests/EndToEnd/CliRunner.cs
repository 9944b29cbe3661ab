using System.Collections.Concurrent;
using System.Diagnostics;

namespace OnnxEdit.EndToEnd;

/// <summary>Runs the real program as a process, as a user would.</summary>
static class CliRunner
{
    static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    // They end with the tests, since then their input does.
    static readonly ConcurrentBag<CliWorker> _idle = [];

    static readonly Dictionary<string, string> _working = new() { ["DOTNET_STARTUP_HOOKS"] = typeof(CliWorker).Assembly.Location, [CliWorker.Variable] = "1" };

    /// <summary>Runs onnxedit to its end.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="cwd">The current folder; null: the tests' own.</param>
    /// <param name="env">Environment variables to set, for a process of its own.</param>
    internal static CliResult Run(IEnumerable<string> args, string? cwd = null, IReadOnlyDictionary<string, string>? env = null)
    {
        if (env is not null) return RunAlone(args, cwd, env);
        if (!_idle.TryTake(out var worker)) worker = new CliWorker(Start([], null, _working));
        if (worker.Run(args, cwd ?? AppContext.BaseDirectory, _patience) is { } result)
        {
            _idle.Add(worker);
            return result;
        }
        // What ends a worker is seen from outside.
        worker.Dispose();
        return RunAlone(args, cwd, null);
    }

    // In a process that runs nothing else.
    static CliResult RunAlone(IEnumerable<string> args, string? cwd, IReadOnlyDictionary<string, string>? env)
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
        // Tests keep all cores busy side by side: more threads for each would wait for one another.
        start.Environment["ONNXEDIT_THREADS"] = "1";
        foreach (var (name, value) in env ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
