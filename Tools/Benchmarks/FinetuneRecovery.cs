using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine;

namespace OnnxEdit.Benchmarks;

/// <summary>Slims a network and distils the original into what is left, without labels.</summary>
static class FinetuneRecovery
{
    /// <summary>Runs: model, sparsity, steps, step size.</summary>
    public static int Run(string[] args)
    {
        var sparsity = double.Parse(args[1], CultureInfo.InvariantCulture);
        var source = SharedCifar.Model(args[0]);
        var data = SharedCifar.Data(args[0], 0);
        var watch = Stopwatch.StartNew();
        var slim = Slimmer.Slim(source, SlimData.Of(data), new SlimOptions { Budget = SlimBudget.Sparsity(sparsity) });
        var slimSeconds = watch.Elapsed.TotalSeconds;
        watch.Restart();
        var (_, report) = Finetuner.Finetune(slim.Model!, data, new FinetuneOptions
        {
            Teacher = source,
            Steps = int.Parse(args[2], CultureInfo.InvariantCulture),
            StepSize = args.Length > 3 ? double.Parse(args[3], CultureInfo.InvariantCulture) : 0.001,
            Flip = true,
            Shift = 4,
            Validation = 500,
        });
        foreach (var p in report.Curve) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {p.Step}: training {p.Training:F4}, validation {p.Validation:F4}"));
        Console.WriteLine("| model | parameters | top-1 before | slim | fine-tuned | images/s | seconds, slim and fine-tuning |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {args[0]} | -{100 * sparsity:0} % | {100 * slim.Report.AccuracyBefore?.Top1:F2} | {100 * report.Before?.Top1:F2} | {100 * report.After?.Top1:F2} | {report.ImagesPerSecond:F0} | {slimSeconds:F0} + {watch.Elapsed.TotalSeconds:F0} |"));
        return 0;
    }
}
