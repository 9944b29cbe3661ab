using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Benchmarks;

/// <summary>Distils a network of models/ into a slim one, without labels, once for every set of options.</summary>
static class FinetuneRecovery
{
    /// <summary>Runs: original, slim model, then sets of options such as "steps=500,step-size=0.002,optimiser=1" (0 Adam, 1 gradient descent, 2 Muon); none: the defaults.</summary>
    public static int Run(string[] args)
    {
        var (source, slim, data) = (SharedCifar.Model(args[0]), OnnxModel.Load(args[1]), SharedCifar.Data(args[0], 0));
        double Divergence(OnnxModel model, FinetuneOptions options)
        {
            using var targets = new TargetSource(options with { Temperature = 1 }, model, ClassifierSignature.Of(source.Proto, null).Classes!.Value, []);
            return new ValidationLook(data.Test!, targets, options.Evaluation, options.Batch).At(model.Proto).Loss;
        }
        var original = Evaluator.Evaluate(source, data.Test!, new EvaluationOptions());
        Console.WriteLine("| slim model | options | top-1 original | slim | fine-tuned | drop, s.e. | validation loss before, after | divergence from the original on test images, before, after | steps | CPU s | s |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var text in args.Length > 2 ? args[2..] : [""])
        {
            var (watch, cpu) = (Stopwatch.StartNew(), Process.GetCurrentProcess().TotalProcessorTime);
            var options = Options(text) with { Teacher = source };
            var (model, report) = Finetuner.Finetune(slim, data, options);
            var seconds = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds;
            var drop = PairedDifference.Of(report.After!.Correct, original.Correct);
            foreach (var p in report.Curve) Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {p.Step}: training {p.Training:F4}, validation {p.Validation:F4}, top-1 {100 * p.Top1:F2}"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {Path.GetFileNameWithoutExtension(args[1])} | {text} | {100 * original.Top1:F2} | {100 * report.Before!.Top1:F2} | {100 * report.After.Top1:F2} | {100 * drop.Difference:F2}, {100 * drop.StandardError:F2} | {report.Curve[0].Validation:F4}, {report.Curve.Min(p => p.Validation):F4} | {Divergence(slim, options):F4}, {Divergence(model, options):F4} | {report.Steps} | {seconds:F0} | {watch.Elapsed.TotalSeconds:F0} |"));
        }
        return 0;
    }

    static FinetuneOptions Options(string text)
    {
        var given = text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Split('=')).ToDictionary(w => w[0], w => double.Parse(w[1], CultureInfo.InvariantCulture));
        var options = new FinetuneOptions();
        double Take(string name, double otherwise) => given.Remove(name, out var value) ? value : otherwise;
        options = options with
        {
            Execution = Take("threads", 0) is > 0 and var threads ? new ExecutionOptions { Threads = (int)threads } : null,
            Steps = (int)Take("steps", options.Steps),
            Time = Take("minutes", 0) is > 0 and var minutes ? TimeSpan.FromMinutes(minutes) : null,
            Batch = (int)Take("batch", options.Batch),
            StepSize = Take("step-size", 0) is > 0 and var size ? size : null,
            WarmUp = Take("warm-up", options.WarmUp),
            Optimiser = (FinetuneOptimiser)(int)Take("optimiser", (int)options.Optimiser),
            Decay = Take("decay", options.Decay),
            GradientLimit = Take("limit", options.GradientLimit),
            Temperature = Take("temperature", options.Temperature),
            Averaging = Take("averaging", options.Averaging),
            Mix = Take("mix", options.Mix),
            Flip = Take("flip", 1) != 0,
            Shift = (int)Take("shift", 4),
            Looks = (int)Take("looks", options.Looks),
            Seed = (ulong)Take("seed", 0),
        };
        if (Take("features", 0) is > 0 and var weight) options = options with { Features = ["layer1", "layer2", "layer3"], FeatureWeight = weight };
        return given.Count == 0 ? options : throw new ArgumentException($"There is no option {given.Keys.First()}.");
    }
}
