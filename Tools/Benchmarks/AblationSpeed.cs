using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// Ablated forward passes per second beside those of the network itself and of a plain PyTorch loop (peers/ablations.py), in
/// turns. Each way runs at its own best batch, found in a first round.
/// </summary>
static class AblationSpeed
{
    const int Rounds = 7, Masks = 4;
    const double Alpha = 0.1;
    static readonly int[] _batches = [8, 16, 32, 64, 128, 250];

    sealed record Way(string Name, int Batch, Func<double> Seconds);

    /// <summary>Runs: model, examples, threads.</summary>
    public static int Run(string[] args)
    {
        int Whole(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
        var (name, count, threads) = (args[0], Whole(1, 1000), Whole(2, Environment.ProcessorCount));
        using var execution = ExecutionOptions.Enter(new ExecutionOptions { Threads = threads });
        var source = SharedCifar.Model(name);
        var images = Stored(SharedCifar.Data(name, 0, 100, count).Test!);
        var (model, signature) = (NormalisedModel.Create(source.Proto), ClassifierSignature.Of(source.Proto));
        var components = ComponentSearch.Find(model, [signature.LogitsName], ComponentKinds.Filters, shortcuts: false);
        var constants = ComponentConstants.Of(model, components, AblationKind.ZeroWeight);
        var design = new MaskDesign(MaskDesignKind.Bernoulli, components.Count, Alpha, 0);
        using var torch = Peer(name, count, threads);
        var (values, masks) = (new float[count * images.ItemLength], PerExample(design, count));
        images.Fill(0, count, values);

        var ways = new[]
        {
            Best("the network itself", batch => Dense(source, signature, images, batch)),
            Best("masks shared by all examples", batch => Shared(model, signature, components, constants, images, design, batch)),
            Best("a mask for every example", batch => Single(new MaskedForward(model, signature, components, constants, images, batch), images, values, masks)),
            torch is null ? null : Best("PyTorch eager, weights set to zero", batch => () => Ask(torch, batch)),
        }.OfType<Way>().ToArray();
        var times = ways.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < Rounds; round++)
            for (var w = 0; w < ways.Length; w++) times[w].Add(ways[w].Seconds());

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}, {count} examples, {components.Count} components, alpha {Alpha}, {threads} threads, {Rounds} x {Masks} passes each, in turns"));
        Console.WriteLine("| way | batch | passes/s, median | best | of the network's: median, best |");
        Console.WriteLine("|---|---|---|---|---|");
        double Median(int w) => times[w].Order().ElementAt(Rounds / 2);
        for (var w = 0; w < ways.Length; w++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {ways[w].Name} | {ways[w].Batch} | {Masks * count / Median(w):F0} | {Masks * count / times[w].Min():F0} | {Median(0) / Median(w):F2}, {times[0].Min() / times[w].Min():F2} |"));
        return 0;
    }

    // In memory, so that reading them does not count.
    static ItemSet Stored(ItemSet images) => new StoredItemSet(
        images.ItemShape,
        [.. Enumerable.Range(0, images.Count).Select(i =>
        {
            var item = new float[images.ItemLength];
            images.Fill(i, 1, item);
            return item;
        })],
        [.. Enumerable.Range(0, images.Count).Select(images.Label)]);

    static Way Best(string name, Func<int, Func<double>> at)
    {
        var tried = _batches.Select(batch =>
        {
            var seconds = at(batch);
            seconds();
            return (Batch: batch, Run: seconds, Seconds: Math.Min(seconds(), seconds()));
        }).MinBy(t => t.Seconds);
        return new Way(name, tried.Batch, tried.Run);
    }

    static Func<double> Dense(OnnxModel source, ClassifierSignature signature, ItemSet images, int batch)
    {
        var session = new ClassifierSession(source, signature.OutputName, batch);
        return () => Time(() =>
        {
            for (var k = 0; k < Masks; k++) session.Run(images, (_, _, _) => { }, null, CancellationToken.None);
        });
    }

    static Func<double> Shared(
        NormalisedModel model, ClassifierSignature signature, ComponentMap components, ComponentConstants constants, ItemSet images, MaskDesign design, int batch)
    {
        var runs = new AblationRuns(model, signature, components, constants, images, AnswerKind.Margin, batch);
        var next = 0L;
        return () =>
        {
            int[][] ablated = [.. Enumerable.Range(0, Masks).Select(_ => design.Ablated(next++, RandomStreams.Masks))];
            return Time(() => runs.Run(ablated, null, CancellationToken.None));
        };
    }

    static Func<double> Single(MaskedForward masked, ItemSet images, float[] values, float[] masks) => () => Time(() =>
    {
        var (length, width) = (images.ItemLength, masks.Length / images.Count);
        for (var k = 0; k < Masks; k++)
            for (var at = 0; at < images.Count; at += masked.Batch)
            {
                var rows = Math.Min(masked.Batch, images.Count - at);
                values.AsSpan(at * length, rows * length).CopyTo(masked.Images);
                masks.AsSpan(at * width, rows * width).CopyTo(masked.Masks);
                masked.Run(_ => { });
            }
    });

    static float[] PerExample(MaskDesign design, int count)
    {
        var masks = new float[count * design.Components];
        Array.Fill(masks, 1);
        for (var e = 0; e < count; e++)
            foreach (var j in design.Ablated(e, RandomStreams.FreshMasks)) masks[e * design.Components + j] = 0;
        return masks;
    }

    static double Time(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }

    static Process? Peer(string name, int count, int threads)
    {
        if (!name.StartsWith("resnet", StringComparison.Ordinal)) return null;
        var depth = new string([.. name["resnet".Length..].TakeWhile(char.IsDigit)]);
        var script = Path.Combine(AppContext.BaseDirectory, "peers", "ablations.py");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3", [script, depth, $"{count}", $"{threads}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        if (process.StandardOutput.ReadLine() is not null) return process;
        process.Dispose();
        Console.Error.WriteLine("No python3 with torch here (the environment variable PYTHON names another one): no comparison.");
        return null;
    }

    static double Ask(Process torch, int batch)
    {
        torch.StandardInput.WriteLine($"{batch} {Masks}");
        return double.Parse(torch.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
    }
}
