using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Finetuning;

/// <summary>The record of a fine-tuning that travels in the model: reproducible facts only, no paths, no times.</summary>
static class FinetuneHistory
{
    /// <summary>Makes the record.</summary>
    public static HistoryEntry Entry(OnnxModel source, ModelTask task, FinetuneReport report, FinetuneOptions options, int batch)
    {
        var made = Options(task, options, batch);
        made["steps"] = Number(report.Steps);
        return new()
        {
            Command = "finetune",
            Options = made,
            Seed = options.Seed,
            Versions = EngineVersions.Current,
            SourceSha256 = source.Sha256,
            AccuracyBefore = report.Before?.Top1,
            AccuracyAfter = report.After?.Top1,
            Results = new SortedDictionary<string, double>(Measured(report).Where(result => double.IsFinite(result.Value)).ToDictionary(result => result.Name, result => result.Value), StringComparer.Ordinal)
            {
                ["best-step"] = report.BestStep,
                ["validation-loss"] = report.Curve.First(p => p.Step == report.BestStep).Validation,
            },
        };
    }

    // What accuracies do not say, e.g. "spearmanBefore", or "cosineBefore" of agreement with the teacher.
    static IEnumerable<(string Name, double Value)> Measured(FinetuneReport report) => report is not { MeasuredBefore: { Classification: null } before, MeasuredAfter: { } after } ? []
        : before.Metrics.Select(metric => ($"{metric.Name}Before", metric.Value)).Concat(after.Metrics.Select(metric => ($"{metric.Name}After", metric.Value)));

    /// <summary>What determines a training, and a checkpoint is recognised by.</summary>
    public static IReadOnlyDictionary<string, string> Terms(OnnxModel source, ModelTask task, FinetuneOptions options, int batch, ItemSet images) =>
        new Dictionary<string, string>
        {
            ["model"] = source.Sha256,
            ["number of training images"] = Number(images.Count),
            ["seed"] = FormattableString.Invariant($"{options.Seed}"),
            ["time"] = options.Time is { } time ? FormattableString.Invariant($"{time.TotalSeconds} s") : "open",
            ["decay"] = Number(options.Decay),
            ["momentum"] = Number(options.Momentum),
            ["gradient limit"] = Number(options.GradientLimit),
            ["number of looks"] = Number(options.Looks),
            ["number of validation images"] = Number(options.Validation),
            ["patience"] = Number(options.Patience),
        }.Concat(Options(task, options, batch)).ToDictionary();

    static SortedDictionary<string, string> Options(ModelTask task, FinetuneOptions options, int batch)
    {
        var made = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["averaging"] = Number(options.Averaging),
            ["batch"] = Number(batch),
            ["flip"] = options.Flip == true ? "yes" : "no",
            ["layers"] = options.Layers is null ? "all" : string.Join(',', options.Layers),
            ["mix"] = Number(options.Mix),
            ["normalisation"] = Words.Of(options.Normalisation),
            ["optimiser"] = Words.Of(options.Optimiser),
            ["shift"] = Number(options.Shift ?? 0),
            ["step-size"] = Number(options.LargestStep),
            ["steps"] = options.Time is null ? Number(options.Steps) : "as many as there is time for",
            ["targets"] = options.Teacher is not { } teacher ? "labels" : task is ClassificationTask ? FormattableString.Invariant($"teacher {teacher.Sha256}, temperature {options.Temperature}") : $"teacher {teacher.Sha256}",
            ["warm-up"] = Number(options.WarmUp),
        };
        if (task is not ClassificationTask) made["task"] = task.Name;
        if (options.Features is { } features) made["features"] = FormattableString.Invariant($"{string.Join(',', features)}, weight {options.FeatureWeight}");
        if (options.Forget.Count > 0) made["forget"] = string.Join(',', options.Forget);
        return made;
    }

    static string Number(double value) => FormattableString.Invariant($"{value}");
}
