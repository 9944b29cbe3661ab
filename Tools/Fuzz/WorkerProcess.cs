using System.Diagnostics;
using System.Globalization;

namespace OnnxEdit.Fuzz;

/// <summary>A worker process as its parent sees it: watched for time and memory, replaced when it dies.</summary>
sealed class WorkerProcess(FuzzOptions options) : IDisposable
{
    static readonly TimeSpan _look = TimeSpan.FromMilliseconds(50);

    Process? _process;
    Task<string?>? _answer;
    Task<string>? _errors;

    /// <summary>Runs one mutant.</summary>
    public Verdict Run(long number)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            var process = _process ??= Start();
            var before = process.TotalProcessorTime;
            process.StandardInput.WriteLine(number.ToString(CultureInfo.InvariantCulture));
            process.StandardInput.Flush();
            _answer = process.StandardOutput.ReadLineAsync();
            while (!_answer.Wait(_look))
            {
                process.Refresh();
                if (process.HasExited) continue;
                if (process.WorkingSet64 > options.Megabytes << 20)
                    return Stop(number, Outcome.Memory, watch, $"more than {options.Megabytes} MB resident");
                // Wall time alone would blame a busy machine.
                var used = process.TotalProcessorTime - before;
                if (used.TotalSeconds > options.Seconds || watch.Elapsed.TotalSeconds > 10 * options.Seconds)
                    return Stop(number, Outcome.Hang, watch, $"more than {options.Seconds} s");
            }
            return _answer.Result is { } line ? Verdict.Parse(line) : Died(number, watch);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException && _process is { HasExited: true })
        {
            return Died(number, watch);
        }
    }

    Verdict Died(long number, Stopwatch watch)
    {
        _process!.WaitForExit();
        var code = _process.ExitCode;
        var text = _errors!.Wait(TimeSpan.FromSeconds(5)) ? _errors.Result : "";
        var head = string.Join(' ', text.Split('\n').Take(12));
        Dispose();
        var outcome = text.Contains("Stack overflow", StringComparison.Ordinal) || text.Contains("Unhandled exception", StringComparison.Ordinal) ? Outcome.ManagedCrash
            : text.Contains("Out of memory", StringComparison.OrdinalIgnoreCase) ? Outcome.Memory
            : Outcome.NativeDeath;
        return new Verdict(number, outcome, watch.ElapsedMilliseconds, $"exit code {code}: {head}");
    }

    Verdict Stop(long number, Outcome outcome, Stopwatch watch, string why)
    {
        Dispose();
        return new Verdict(number, outcome, watch.ElapsedMilliseconds, why);
    }

    Process Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet") start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        foreach (var word in options.WorkerArguments()) start.ArgumentList.Add(word);
        // The collector gives up before the watch does, so that managed blow-ups have a stack trace, and runs of models are given half of this.
        start.Environment["DOTNET_GCHeapHardLimit"] = (options.Megabytes * 3 / 8 << 20).ToString("x", CultureInfo.InvariantCulture);
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        var process = Process.Start(start) ?? throw new InvalidOperationException("No worker could be started.");
        _errors = process.StandardError.ReadToEndAsync();
        if (process.StandardOutput.ReadLine() != "ready")
            throw new InvalidDataException($"A worker did not start: {_errors.Result}");
        return process;
    }

    public void Dispose()
    {
        if (_process is null) return;
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }
}
