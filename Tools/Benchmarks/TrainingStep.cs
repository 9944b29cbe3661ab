using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// A training step of a whole network - forward, backward, update - with blocked convolutions, without them, and in
/// PyTorch eager on the same cores, in turns. Needs python3 with torch for the last; without it that row is left out.
/// </summary>
static class TrainingStep
{
    const int Rounds = 15;

    /// <summary>Runs: model, batch, threads.</summary>
    public static int Run(string[] args)
    {
        var (name, batch, threads) = (args[0], args.Length > 1 ? Number(args[1]) : 64, args.Length > 2 ? Number(args[2]) : Environment.ProcessorCount);
        using var execution = ExecutionOptions.Enter(new ExecutionOptions { Threads = threads });
        var source = SharedCifar.Model(name);
        var (model, signature) = (NormalisedModel.Create(source.Proto), ClassifierSignature.Of(source.Proto));
        using var blocked = TrainingSession.Create(model, signature, new TrainingSessionOptions { Batch = batch });
        // Before anything else takes memory.
        for (var i = 0; i < 5; i++) blocked.Step(null);
        using var self = Process.GetCurrentProcess();
        var peak = self.PeakWorkingSet64 / 1048576.0;
        using var plain = TrainingSession.Create(model, signature, new TrainingSessionOptions { Batch = batch, Blocked = false });
        using var torch = TorchProcess.Start(name, batch, threads);
        var random = new Random(1);
        foreach (var session in (TrainingSession[])[blocked, plain])
        {
            for (var i = 0; i < session.Images.Length; i++) session.Images[i] = (float)(2 * random.NextDouble() - 1);
            for (var i = 0; i < batch; i++) session.Targets[i * session.Targets.Length / batch + random.Next(session.Targets.Length / batch)] = 1;
        }
        var rules = new UpdateRule[] { new GradientDescent { StepSize = 1e-4, Momentum = 0.9 }, new GradientDescent { StepSize = 1e-4, Momentum = 0.9 } };
        List<(string Name, Func<(double Wall, double Cpu)> Step)> ways =
        [
            ("blocked convolutions", () => Time(() => blocked.Step(rules[0]))),
            ("plain convolutions", () => Time(() => plain.Step(rules[1]))),
        ];
        if (torch is not null) ways.Add(($"PyTorch {torch.Version} eager", torch.Step));
        var times = ways.Select(_ => new List<(double Wall, double Cpu)>()).ToArray();
        for (var round = -2; round < Rounds; round++)
            for (var w = 0; w < ways.Count; w++)
            {
                var time = ways[w].Step();
                if (round >= 0) times[w].Add(time);
            }
        var reference = times[^1];
        Console.WriteLine($"{name}, batch {batch}, {threads} threads, {Rounds} steps each, in turns");
        Console.WriteLine("| step | images/s, median | images/s, best | CPU ms a step, least | as fast as the last row: median, best, by CPU |");
        Console.WriteLine("|---|---|---|---|---|");
        for (var w = 0; w < ways.Count; w++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {ways[w].Name} | {batch / Median(times[w]):F0} | {batch / times[w].Min(t => t.Wall):F0} | {1000 * times[w].Min(t => t.Cpu):F0} | {Median(reference) / Median(times[w]):F2}, {reference.Min(t => t.Wall) / times[w].Min(t => t.Wall):F2}, {reference.Min(t => t.Cpu) / times[w].Min(t => t.Cpu):F2} |"));
        if (torch is not null)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Peak memory of the whole process: {peak:F0} MB (model, graph and five steps with blocked convolutions), PyTorch {torch.Megabytes:F0} MB; {peak / torch.Megabytes:F2} times."));
        return 0;
    }

    static (double Wall, double Cpu) Time(Action step)
    {
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        step();
        return (watch.Elapsed.TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds);
    }

    static double Median(List<(double Wall, double Cpu)> times) => times.Select(t => t.Wall).Order().ElementAt(times.Count / 2);

    static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
