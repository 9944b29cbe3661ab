using System.Globalization;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Serving;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Tests.Support;

namespace OnnxEdit.Fuzz;

/// <summary>
/// Sends mutated requests to a server in this process. Each must get an answer in time that is no fault of the server
/// (200, 4xx with a sentence, 503), and afterwards the server must still give the right answer, bit for bit.
/// </summary>
static class ServeFuzz
{
    const string Name = "fuzzed";

    /// <summary>Requests under way at a time; most of their time is waiting for what never comes.</summary>
    const int AtOnce = 16;

    internal static int Run(string[] args)
    {
        if (args.Length > 2 || !int.TryParse(args.ElementAtOrDefault(0) ?? "10000", NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || !int.TryParse(args.ElementAtOrDefault(1) ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var seed))
        {
            Console.Error.WriteLine("Fuzz serve [COUNT [SEED]]");
            return 2;
        }
        var outcome = RunAsync(count, seed, Console.Error.WriteLine).GetAwaiter().GetResult();
        foreach (var (status, number) in outcome.Statuses) Console.WriteLine($"{(status == 0 ? "closed" : $"{status}")}: {number}");
        foreach (var fault in outcome.Faults) Console.WriteLine($"fault: {fault}");
        Console.WriteLine($"{count} requests, {outcome.Faults.Count} faults, last answer right: {outcome.IsHealthy}");
        return outcome.Faults.Count == 0 && outcome.IsHealthy ? 0 : 1;
    }

    /// <summary>What a run came to.</summary>
    /// <param name="Statuses">Answers by status; 0: the connection was closed without one.</param>
    /// <param name="Faults">What must not happen, with the number of the request.</param>
    /// <param name="IsHealthy">Whether the right answer came in the end.</param>
    internal sealed record Outcome(SortedDictionary<int, int> Statuses, List<string> Faults, bool IsHealthy);

    internal static async Task<Outcome> RunAsync(int count, int seed, Action<string>? note = null)
    {
        var folder = Directory.CreateTempSubdirectory("onnxedit-fuzz-").FullName;
        try
        {
            var repository = Path.Combine(folder, "repo");
            Publish(Path.Combine(folder, "model.onnx"), repository);
            using var end = new CancellationTokenSource();
            var started = new TaskCompletionSource<string>();
            var options = new ServeOptions { Repository = repository, Port = 0, GrpcPort = null, MaxRequestBytes = 1 << 20, Poll = TimeSpan.Zero, Drain = TimeSpan.Zero };
            var server = InferenceServer.RunAsync(options, (addresses, _) => started.SetResult(addresses[0]), end.Token);
            await Task.WhenAny(server, started.Task);
            if (server.IsFaulted) await server;
            var outcome = await SendAllAsync(new Uri(await started.Task), RequestSeeds.Of(Name), count, seed, note);
            await end.CancelAsync();
            await server;
            return outcome;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<Outcome> SendAllAsync(Uri address, IReadOnlyList<byte[]> seeds, int count, int seed, Action<string>? note)
    {
        SortedDictionary<int, int> statuses = [];
        List<string> faults = [];
        var right = await RawClient.SendAsync(address, seeds[0]);
        var done = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) =>
        {
            // The same request for the same seed and number, in every run.
            var request = RequestMutation.Of(seeds, new Random(unchecked(seed * 1_000_003 + i)), i);
            var (status, fault) = (0, default(string));
            try
            {
                var answer = await RawClient.SendAsync(address, request, TimeSpan.FromMilliseconds(100));
                (status, fault) = (answer.Status, answer.Fault);
            }
            catch (TimeoutException)
            {
                fault = "no answer in time";
            }
            lock (faults)
            {
                statuses[status] = statuses.GetValueOrDefault(status) + 1;
                if (fault is not null) faults.Add($"request {i}: {fault}");
                if (++done % 10_000 == 0) note?.Invoke($"{done} requests, {faults.Count} faults");
            }
        });
        // Mutants may have unloaded the model.
        await RawClient.SendAsync(address, RequestSeeds.Load(Name));
        var last = await RawClient.SendAsync(address, seeds[0]);
        return new Outcome(statuses, faults, last.Status == 200 && last.Body == right.Body);
    }

    static void Publish(string path, string repository)
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 4, 4);
        new OnnxModel(b.Build(b.Gemm(b.Flatten(b.Relu(b.Conv(x, 4, pads: 1))), 5))).Save(path);
        Deployer.Deploy(OnnxModel.Load(path), new DeployOptions { Repository = repository, Name = Name });
    }
}
