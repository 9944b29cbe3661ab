using System.Globalization;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Benchmarks;

/// <summary>Slims with measured alignment and compares the speed-up at batch 1 and 32 with the ratio of MACs.</summary>
static class SlimLatency
{
    /// <summary>Runs: models, sparsities.</summary>
    public static int Run(string[] args)
    {
        Console.WriteLine("| model | sparsity | align | params left | MACs left | top-1 | batch | before ms | after ms | speed-up (middle half) | of the MAC ratio |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var name in args[0].Split(','))
            foreach (var sparsity in args[1].Split(',').Select(s => double.Parse(s, CultureInfo.InvariantCulture))) One(name, sparsity);
        return 0;
    }

    static void One(string name, double sparsity)
    {
        var model = SharedCifar.Model(name);
        var data = SharedCifar.Data(name, 0);
        var result = Slimmer.Slim(model, new SlimData { Calibration = data.Calibration }, new SlimOptions { Budget = SlimBudget.Sparsity(sparsity) });
        var (before, after) = (result.Report.Before, result.Report.After);
        var macs = (double)after.Macs / before.Macs;
        var top1 = Evaluator.Evaluate(result.Model!, data.Test!).Top1;
        foreach (var time in LatencyComparison.Measure(model, result.Model!))
        {
            var speed = time.SpeedUp!.Value;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {sparsity} | {result.Plan.Align} | {(double)after.Parameters / before.Parameters:F3} | {macs:F3} | {100 * top1:F2} | {time.Batch} | {time.First.Median:F3} | {time.Second!.Value.Median:F3} | {speed.Median:F2} ({speed.Lower:F2} - {speed.Upper:F2}) | {speed.Median * macs:F2} |"));
        }
    }
}
