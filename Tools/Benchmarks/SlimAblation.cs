using System.Globalization;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Benchmarks;

/// <summary>What each part of the default pipeline is worth: the parts are added one by one, at one seed and align 1.</summary>
static class SlimAblation
{
    static readonly (string Name, string Score, RecoveryKind Recovery, int RefineSteps)[] _variants =
    [
        ("L2 norms, no recovery", "l2", RecoveryKind.None, 0),
        ("reconstruction ranking, no recovery", "obs", RecoveryKind.None, 0),
        ("+ mean and spread of channels matched (bn)", "obs", RecoveryKind.BatchNorm, 0),
        ("L2 norms, least squares without pair refinement", "l2", RecoveryKind.LeastSquares, 0),
        ("reconstruction ranking, least squares without pair refinement", "obs", RecoveryKind.LeastSquares, 0),
        ("the same with one refinement step", "obs", RecoveryKind.LeastSquares, 1),
        ("the default, three steps", "obs", RecoveryKind.LeastSquares, 3),
    ];

    /// <summary>Runs: models, sparsities.</summary>
    public static int Run(string[] args)
    {
        var sparsities = args[1].Split(',').Select(s => double.Parse(s, CultureInfo.InvariantCulture)).ToArray();
        Console.WriteLine($"| model | pipeline | {string.Join(" | ", sparsities.Select(s => string.Create(CultureInfo.InvariantCulture, $"top-1 at {100 * s:F0} %")))} |");
        Console.WriteLine($"|---|---|{string.Concat(sparsities.Select(_ => "---|"))}");
        foreach (var name in args[0].Split(','))
            foreach (var (title, score, recovery, steps) in _variants)
                Console.WriteLine($"| {name} | {title} | {string.Join(" | ", sparsities.Select(s => Top1(name, s, score, recovery, steps)))} |");
        return 0;
    }

    static string Top1(string name, double sparsity, string score, RecoveryKind recovery, int steps)
    {
        var model = SharedCifar.Model(name);
        var data = SharedCifar.Data(name, 0);
        var effort = SlimEffort.For(NormalisedModel.Create(model.Proto), data.Calibration!.Count) with { RefineSteps = steps };
        var options = new SlimOptions { Budget = SlimBudget.Sparsity(sparsity), Score = score, Recovery = recovery, Effort = effort, Align = 1 };
        var result = Slimmer.Slim(model, new SlimData { Calibration = data.Calibration }, options);
        return (100 * Evaluator.Evaluate(result.Model!, data.Test!).Top1).ToString("F2", CultureInfo.InvariantCulture);
    }
}
