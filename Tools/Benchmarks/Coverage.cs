using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Tests.Support;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// What becomes of real models, as docs/coverage.md says: the command line, as a user runs it, on every model of some
/// folders, and the operators that have a rule.
/// </summary>
static class Coverage
{
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs: folders with models.</summary>
    public static int Run(string[] folders)
    {
        var models = folders.SelectMany(f => Directory.EnumerateFiles(f, "*.onnx", SearchOption.AllDirectories)).OrderBy(Path.GetFileName, StringComparer.Ordinal).ToArray();
        List<string> rows =
        [
            "| model | groups | prunable | parameters removed | parameters | MACs | ms | equivalence error | seconds |",
            "|---|---|---|---|---|---|---|---|---|",
        ];
        foreach (var model in models)
        {
            rows.Add(Row(model));
            Console.WriteLine(rows[^1]);
        }
        var document = Path.Combine(Repository.Root, "docs", "coverage.md");
        var text = Between(File.ReadAllText(document), "coverage", string.Join('\n', rows));
        AtomicFile.WriteText(document, Between(text, "operators", Operators()), overwrite: true);
        return 0;
    }

    /// <summary>The operators of the rule table, in alphabetical order.</summary>
    static string Operators() => string.Join(", ", ChannelRules.Operators.Select(o => o.ToString()).Order(StringComparer.Ordinal).Select(o => $"`{o}`"));

    static string Row(string model)
    {
        var name = Path.GetFileNameWithoutExtension(model);
        var target = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.onnx");
        try
        {
            var watch = Stopwatch.StartNew();
            var (code, output, error) = OnnxEdit("slim", model, "--recovery", "none", "--sparsity", "0.2", "--data", "random:64", "--align", "1", "-o", target, "--json");
            var seconds = watch.Elapsed.TotalSeconds;
            if (code != 0) return $"| {name} | {Reason(code, error, model)} ||||||||";
            var slim = JsonDocument.Parse(output).RootElement;
            var groups = slim.GetProperty("groupCounts");
            var (free, locked) = (groups.GetProperty("free").GetInt32(), groups.GetProperty("locked").GetInt32());
            var (before, after) = (slim.GetProperty("before"), slim.GetProperty("after"));
            long Number(JsonElement side, string key) => side.GetProperty(key).GetInt64();
            var (old, left) = (Number(before, "parameters"), Number(after, "parameters"));
            var macs = (double)Number(after, "macs") / Math.Max(1, Number(before, "macs"));
            var latency = slim.GetProperty("latency")[0];
            var ms = latency.GetProperty("afterMilliseconds").GetDouble() / latency.GetProperty("beforeMilliseconds").GetDouble();
            return string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {free + locked} | {free} | {100.0 * (old - left) / old:F1} % | {old:N0} to {left:N0} | {macs:F3} | {ms:F2} | {slim.GetProperty("equivalenceError").GetDouble():0.0e+0} | {seconds:F1} |");
        }
        finally
        {
            File.Delete(target);
        }
    }

    static string Reason(int code, string error, string model)
    {
        if (code < 0) return $"no end after {_patience.TotalSeconds} s";
        var sentence = error.Split('\n').LastOrDefault(l => l.StartsWith("error: ", StringComparison.Ordinal)) ?? "no message";
        var folder = Path.GetDirectoryName(Path.GetFullPath(model))! + Path.DirectorySeparatorChar;
        return $"exit code {code}: {sentence["error: ".Length..].Replace(model, Path.GetFileName(model), StringComparison.Ordinal).Replace(folder, "", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)}";
    }

    // The exit code is -1 when it did not end in time.
    static (int Code, string Output, string Error) OnnxEdit(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "onnxedit.dll"), .. arguments]) start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (process.WaitForExit(_patience)) return (process.ExitCode, output.Result, error.Result);
        process.Kill(entireProcessTree: true);
        return (-1, "", "");
    }

    static string Between(string text, string mark, string content)
    {
        var (start, end) = ($"<!-- {mark} -->\n", $"\n<!-- /{mark} -->");
        var from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return text[..from] + content + text[text.IndexOf(end, StringComparison.Ordinal)..];
    }
}
