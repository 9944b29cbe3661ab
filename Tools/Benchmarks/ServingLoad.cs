using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// What serving costs: throughput of 16 clients against a bare loop over ONNX Runtime at the same total work, latency at
/// half of that load, behaviour at twice of it, memory over minutes. The server is a process of its own; the clients'
/// own processor time is reported beside, because on a small machine they take what the server then lacks.
/// </summary>
static partial class ServingLoad
{
    const int Clients = 16;

    internal static int Run(string[] args)
    {
        var path = args[0];
        var seconds = args.Length > 1 ? double.Parse(args[1], CultureInfo.InvariantCulture) : 10;
        var soak = args.Length > 2 ? double.Parse(args[2], CultureInfo.InvariantCulture) : 0;
        var folder = Directory.CreateTempSubdirectory("onnxedit-bench-").FullName;
        try
        {
            Deployer.Deploy(OnnxModel.Load(path), new DeployOptions { Repository = folder, Name = "m" });
            RunAsync(folder, seconds, soak, args.Length > 3 ? args[3].Split(' ') : []).GetAwaiter().GetResult();
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task RunAsync(string repository, double seconds, double soak, string[] more)
    {
        var modelPath = Path.Combine(repository, "m", "1", ModelRepository.ModelFile);
        using var model = ServableModel.Open(modelPath);
        var item = GoldenRequest.Read(Path.Combine(repository, "m", "1", GoldenRequest.RequestFile));
        Console.WriteLine($"{Environment.ProcessorCount} processors, ONNX Runtime {OrtRuntime.Version}, load before {Load()}");
        var bare = new[] { 1, 4, 8, 16 }.Select(batch => (Batch: batch, Rate: Bare(model, item, batch, seconds / 2))).ToArray();
        foreach (var (batch, rate) in bare) Console.WriteLine(FormattableString.Invariant($"bare loop, batch {batch,2}: {rate:f0} items/s"));

        using var server = Start(repository, more, out var address);
        try
        {
            using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1024 }) { BaseAddress = address };
            var body = Body(item);
            await ClosedAsync(http, body, 2);
            var (before, own) = (server.TotalProcessorTime, Process.GetCurrentProcess().TotalProcessorTime);
            var full = await ClosedAsync(http, body, seconds);
            server.Refresh();
            var best = bare.Max(b => b.Rate);
            Console.WriteLine(FormattableString.Invariant($"served, {Clients} clients: {full.Rate:f0} items/s, {full.Rate / best:f2} of the best bare loop; p50 {full.At(0.5):f2} ms, p99 {full.At(0.99):f2} ms; processor seconds per second: server {(server.TotalProcessorTime - before).TotalSeconds / seconds:f2}, clients {(Process.GetCurrentProcess().TotalProcessorTime - own).TotalSeconds / seconds:f2}"));
            Report("half load, open loop", await OpenAsync(http, body, full.Rate / 2, seconds));
            Report("twice the load, open loop", await OpenAsync(http, body, full.Rate * 2, seconds));
            Report("half load afterwards", await OpenAsync(http, body, full.Rate / 2, seconds));
            for (var (watch, next) = (Stopwatch.StartNew(), 0.0); watch.Elapsed.TotalSeconds < soak; next += 60)
            {
                await ClosedAsync(http, body, Math.Min(60, soak));
                server.Refresh();
                Console.WriteLine(FormattableString.Invariant($"soak {watch.Elapsed.TotalSeconds:f0} s: resident {server.WorkingSet64 / 1048576.0:f0} MiB"));
            }
        }
        finally
        {
            server.Kill();
            server.WaitForExit();
        }
    }

    /// <summary>What clients saw.</summary>
    sealed record Outcome(double Rate, List<double> Milliseconds, int Refused, int Failed)
    {
        internal double At(double fraction)
        {
            if (Milliseconds.Count == 0) return double.NaN;
            Milliseconds.Sort();
            return Milliseconds[(int)Math.Min(Milliseconds.Count - 1, fraction * Milliseconds.Count)];
        }
    }

    static void Report(string what, Outcome outcome) => Console.WriteLine(FormattableString.Invariant(
        $"{what}: {outcome.Rate:f0} answered/s, p50 {outcome.At(0.5):f2} ms, p99 {outcome.At(0.99):f2} ms ({outcome.At(0.99) / outcome.At(0.5):f1} x), {outcome.Refused} refused with 503, {outcome.Failed} failed"));

    static double Bare(ServableModel model, IReadOnlyList<TensorValue> item, int batch, double seconds)
    {
        var inputs = item.Select(tensor => BatchCheck.Join([.. Enumerable.Repeat(tensor, batch)])).ToArray();
        model.Run(inputs);
        var (watch, runs) = (Stopwatch.StartNew(), 0);
        for (; watch.Elapsed.TotalSeconds < seconds; runs++) model.Run(inputs);
        return runs * batch / watch.Elapsed.TotalSeconds;
    }

    static async Task<Outcome> ClosedAsync(HttpClient http, (byte[] Bytes, int Json) body, double seconds)
    {
        var watch = Stopwatch.StartNew();
        var parts = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            List<(double, int)> answers = [];
            while (watch.Elapsed.TotalSeconds < seconds) answers.Add(await OneAsync(http, body));
            return answers;
        })));
        return Sum(parts.SelectMany(part => part), watch.Elapsed.TotalSeconds);
    }

    // Requests leave when their time has come, whether or not earlier ones are back: Poisson arrivals.
    static async Task<Outcome> OpenAsync(HttpClient http, (byte[] Bytes, int Json) body, double rate, double seconds)
    {
        var random = new Random(1);
        var watch = Stopwatch.StartNew();
        List<Task<(double, int)>> sent = [];
        for (var due = 0.0; due < seconds; due += -Math.Log(1 - random.NextDouble()) / rate)
        {
            var ahead = due - watch.Elapsed.TotalSeconds;
            if (ahead > 0.001) await Task.Delay(TimeSpan.FromSeconds(ahead));
            // Time counts from when it was due, so that a late generator does not hide waiting.
            var lateness = watch.Elapsed.TotalMilliseconds - 1000 * due;
            sent.Add(Task.Run(async () =>
            {
                var (time, status) = await OneAsync(http, body);
                return (time + Math.Max(0, lateness), status);
            }));
        }
        return Sum(await Task.WhenAll(sent), watch.Elapsed.TotalSeconds);
    }

    static Outcome Sum(IEnumerable<(double Milliseconds, int Status)> answers, double seconds)
    {
        var all = answers.ToArray();
        List<double> good = [.. all.Where(answer => answer.Status == 200).Select(answer => answer.Milliseconds)];
        return new Outcome(good.Count / seconds, good, all.Count(answer => answer.Status == 503), all.Count(answer => answer.Status is not (200 or 503)));
    }

    static async Task<(double Milliseconds, int Status)> OneAsync(HttpClient http, (byte[] Bytes, int Json) body)
    {
        var start = Stopwatch.GetTimestamp();
        using var content = new ByteArrayContent(body.Bytes);
        content.Headers.Add("Inference-Header-Content-Length", body.Json.ToString(CultureInfo.InvariantCulture));
        try
        {
            using var answer = await http.PostAsync("/v2/models/m/infer", content);
            await answer.Content.ReadAsByteArrayAsync();
            return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, (int)answer.StatusCode);
        }
        catch (HttpRequestException)
        {
            return (0, 0);
        }
    }

    static (byte[] Bytes, int Json) Body(IReadOnlyList<TensorValue> item)
    {
        var inputs = item.Select(t => $$$"""{"name":"{{{t.Name}}}","shape":[{{{string.Join(',', t.Shape)}}}],"datatype":"{{{t.Type}}}","parameters":{"binary_data_size":{{{t.Bytes.Length}}}}}""");
        var json = Encoding.UTF8.GetBytes($$"""{"parameters":{"binary_data_output":true},"inputs":[{{string.Join(',', inputs)}}]}""");
        return ([.. json, .. item.SelectMany(t => t.Bytes.ToArray())], json.Length);
    }

    static Process Start(string repository, string[] more, out Uri address)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var word in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "onnxedit.dll"), "serve", repository, "--port", "0", "--no-grpc", .. more]) start.ArgumentList.Add(word);
        if (ExecutionOptions.Current.Threads is > 0 and var threads) start.ArgumentList.Add($"--threads={threads}");
        var process = Process.Start(start)!;
        address = new Uri(AddressPattern().Match(process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server does not start.")).Value);
        return process;
    }

    static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    [GeneratedRegex(@"http://[0-9.:]+\d")]
    private static partial Regex AddressPattern();
}
