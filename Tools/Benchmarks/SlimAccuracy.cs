using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// Accuracy on the test images after slimming at the default options but align 1: mean over seeds of the drop, with
/// the standard error of the paired difference and the share of predictions that changed.
/// </summary>
static class SlimAccuracy
{
    /// <summary>Runs: models, sparsities, number of seeds, scores, calibration images.</summary>
    public static int Run(string[] args)
    {
        var sparsities = args[1].Split(',').Select(s => double.Parse(s, CultureInfo.InvariantCulture)).ToArray();
        var scores = args.Length > 3 ? args[3].Split(',') : ["auto"];
        var calibration = args.Length > 4 ? int.Parse(args[4], CultureInfo.InvariantCulture) : 2000;
        Console.WriteLine("| model | score | params removed | base | top-1, mean | drop | s.e. | by seed | changed % | seconds |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var name in args[0].Split(','))
        {
            var model = SharedCifar.Model(name);
            var test = SharedCifar.Data(name, 0).Test!;
            var before = Evaluator.Evaluate(model, test);
            foreach (var sparsity in sparsities)
                foreach (var score in scores)
                    Row(name, score, sparsity, before, [.. Enumerable.Range(0, int.Parse(args[2], CultureInfo.InvariantCulture)).Select(s => Once(name, score, sparsity, (ulong)s, calibration, before))]);
        }
        return 0;
    }

    sealed record Measured(double Top1, PairedDifference Difference, double Changed, double Removed, double Seconds);

    static Measured Once(string name, string score, double sparsity, ulong seed, int calibration, Evaluation before)
    {
        var model = SharedCifar.Model(name);
        var data = SharedCifar.Data(name, seed, calibration);
        var watch = Stopwatch.StartNew();
        var options = new SlimOptions
        {
            Budget = SlimBudget.Sparsity(sparsity),
            Score = score,
            Align = 1,
            Seed = seed,
        };
        var result = Slimmer.Slim(model, new SlimData { Calibration = data.Calibration }, options);
        var seconds = watch.Elapsed.TotalSeconds;
        var after = Evaluator.Evaluate(result.Model!, data.Test!);
        var report = result.Report;
        return new(after.Top1, PairedDifference.Of(before.Correct, after.Correct), after.ChangedFrom(before), 1 - (double)report.After.Parameters / report.Before.Parameters, seconds);
    }

    static void Row(string name, string score, double sparsity, Evaluation before, Measured[] runs)
    {
        var drop = -100 * runs.Average(r => r.Difference.Difference);
        // The seeds share the test images, so averaging over them does not shrink the error of the images.
        var error = 100 * runs.Average(r => r.Difference.StandardError);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {score} | {100 * runs.Average(r => r.Removed):F1} % | {100 * before.Top1:F2} | {100 * runs.Average(r => r.Top1):F2} | {drop:F2} | {error:F2} | {string.Join(" ", runs.Select(r => (100 * r.Top1).ToString("F2", CultureInfo.InvariantCulture)))} | {100 * runs.Average(r => r.Changed):F2} | {runs.Average(r => r.Seconds):F0} |"));
    }
}
