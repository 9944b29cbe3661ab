using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>The record of a fine-tuning that travels in the model: reproducible facts only, no paths, no times.</summary>
static class FinetuneHistory
{
    /// <summary>Makes the record.</summary>
    public static HistoryEntry Entry(OnnxModel source, FinetuneReport report, FinetuneOptions options, int batch) => new()
    {
        Command = "finetune",
        Options = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["batch"] = FormattableString.Invariant($"{batch}"),
            ["flip"] = options.Flip ? "yes" : "no",
            ["layers"] = options.Layers is null ? "all" : string.Join(',', options.Layers),
            ["optimiser"] = options.UseAdam ? "adam" : "sgd",
            ["shift"] = FormattableString.Invariant($"{options.Shift}"),
            ["step-size"] = FormattableString.Invariant($"{options.StepSize}"),
            ["steps"] = FormattableString.Invariant($"{report.Steps}"),
            ["targets"] = options.Teacher is null ? "labels" : FormattableString.Invariant($"teacher {options.Teacher.Sha256}, temperature {options.Temperature}"),
        },
        Seed = options.Seed,
        Versions = EngineVersions.Current,
        SourceSha256 = source.Sha256,
        AccuracyBefore = report.Before?.Top1,
        AccuracyAfter = report.After?.Top1,
        Results = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["best-step"] = report.BestStep,
            ["validation-loss"] = report.Curve.First(p => p.Step == report.BestStep).Validation,
        },
    };
}
