using System.Diagnostics;
using System.Text.RegularExpressions;

namespace OnnxEdit.EndToEnd;

/// <summary>The real server as a process, on ports of its own.</summary>
sealed partial class ServerProcess : IDisposable
{
    readonly Process _process;
    readonly Task<string> _log;

    ServerProcess(Process process, string line)
    {
        _process = process;
        Line = line;
        var found = AddressPattern().Matches(line);
        Rest = new Uri(found[0].Value);
        Grpc = new Uri(found[^1].Value);
        Http = new HttpClient { BaseAddress = Rest };
        _log = process.StandardError.ReadToEndAsync();
    }

    /// <summary>What it said when it was ready.</summary>
    internal string Line { get; }

    internal Uri Rest { get; }

    internal Uri Grpc { get; }

    /// <summary>A client of the REST port.</summary>
    internal HttpClient Http { get; }

    internal int Id => _process.Id;

    /// <summary>Starts a server and waits until it answers.</summary>
    internal static ServerProcess Start(string repository, params string[] more) => Start(repository, null, more);

    /// <summary>The same with environment variables.</summary>
    internal static ServerProcess Start(string repository, IReadOnlyDictionary<string, string>? env, params string[] more)
    {
        var process = CliRunner.Start(["serve", repository, "--port", "0", "--grpc-port", "0", "--poll", "0.1", .. more.Contains("--drain") ? Array.Empty<string>() : ["--drain", "0.2"], .. more], env: env);
        var line = process.StandardOutput.ReadLine();
        if (line is null)
        {
            process.WaitForExit();
            throw new InvalidOperationException($"The server ended with {process.ExitCode}: {process.StandardError.ReadToEnd()}");
        }
        return new ServerProcess(process, line);
    }

    /// <summary>Sends a signal.</summary>
    internal void Signal(string name) => Process.Start("kill", [$"-{name}", $"{_process.Id}"]).WaitForExit();

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code and log.</returns>
    internal (int ExitCode, string Log) WaitForExit()
    {
        if (!_process.WaitForExit(TimeSpan.FromSeconds(60))) throw new TimeoutException("The server does not end.");
        return (_process.ExitCode, _log.Result);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Http.Dispose();
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    [GeneratedRegex(@"https?://[0-9.:\[\]]+\d")]
    private static partial Regex AddressPattern();
}
