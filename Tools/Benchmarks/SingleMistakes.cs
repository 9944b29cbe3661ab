using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Corrections;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Benchmarks;

/// <summary>Test images that a network gets wrong, each corrected alone by ablating components; what that costs on other test images.</summary>
static class SingleMistakes
{
    /// <summary>Runs: model, mistakes, other test images, budget of attributions, components to ablate at most.</summary>
    public static int Run(string[] args)
    {
        int Whole(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
        var (name, count, others, budget) = (args[0], Whole(1, 100), Whole(2, 2000), Whole(3, 300));
        var model = SharedCifar.Model(name);
        var data = SharedCifar.Data(name, 0, 1000);
        var test = data.Test!;
        var before = Evaluator.Evaluate(model, test, new EvaluationOptions());
        int[] wrong = [.. Enumerable.Range(0, test.Count).Where(i => !before.Correct[i])];
        new Philox4x32(1, 0).Shuffle<int>(wrong);
        wrong = [.. wrong.Take(count).Order()];
        var rest = test.Select([.. Enumerable.Range(0, test.Count).Except(wrong).Take(others)]);
        var unedited = Evaluator.Evaluate(model, rest, new EvaluationOptions());
        var options = new ComponentEditOptions { Most = Whole(4, 30), Attribution = new AttributionOptions { Method = "gradients", Budget = budget } };
        var watch = Stopwatch.StartNew();
        using var corrector = MistakeCorrector.Open(model, test.Select(wrong), data.Train!.Select([.. Enumerable.Range(0, 50)]), data.Validation!.Select([.. Enumerable.Range(0, 1000)]), options);
        var attributed = watch.Elapsed.TotalSeconds;
        var (outcomes, drops, seconds) = (new List<MistakeCorrection>(), new List<double>(), 0.0);
        for (var i = 0; i < wrong.Length; i++)
        {
            watch.Restart();
            outcomes.Add(corrector.Correct(i));
            seconds += watch.Elapsed.TotalSeconds;
            drops.Add(100 * PairedDifference.Of(unedited.Correct, Evaluator.Evaluate(corrector.Without(outcomes[^1].Ablated), rest, new EvaluationOptions()).Correct).Difference);
        }
        double Median(IEnumerable<double> values) => values.Order().ElementAt(wrong.Length / 2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}, {wrong.Length} mistakes of {before.Correct.Count(c => !c)} among {test.Count} test images, {rest.Count} other test images, budget {budget}, seed 0"));
        Console.WriteLine("| corrected, % | components ablated, median, most | change on other images, points: median, mean, worst | seconds: attributions, an edit |");
        Console.WriteLine("|---|---|---|---|");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {100 * outcomes.Average(o => o.IsCorrected ? 1.0 : 0):F1} | {Median(outcomes.Select(o => (double)o.Ablated.Count))}, {outcomes.Max(o => o.Ablated.Count)} | {Median(drops):F2}, {drops.Average():F2}, {drops.Min():F2} | {attributed:F0}, {seconds / wrong.Length:F1} |"));
        return 0;
    }
}
