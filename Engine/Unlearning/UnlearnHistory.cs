using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>The record of an unlearning that travels in the model: reproducible facts only, no paths, no times.</summary>
static class UnlearnHistory
{
    /// <summary>Makes the record.</summary>
    public static HistoryEntry Entry(OnnxModel source, UnlearnReport report, UnlearnOptions options, bool isFromFile) => new()
    {
        Command = "unlearn",
        Options = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["calibration"] = isFromFile ? "statistics file" : FormattableString.Invariant($"{options.Calibration}"),
            ["class"] = string.Join(',', options.Classes.Select(c => FormattableString.Invariant($"{c}"))),
            ["forget-target"] = FormattableString.Invariant($"{options.ForgetTarget}"),
            ["method"] = Words.Of(options.Method),
            ["physical"] = options.Physical ? "true" : "false",
            ["retain-drop"] = FormattableString.Invariant($"{options.RetainDrop}"),
        },
        Seed = options.Seed,
        Versions = EngineVersions.Current,
        SourceSha256 = source.Sha256,
        ParametersBefore = report.Before.Parameters,
        ParametersAfter = report.After.Parameters,
        AccuracyBefore = report.Measured?.Before.Top1,
        AccuracyAfter = report.Measured?.After.Top1,
        Results = report.Measured is not { } measured ? new SortedDictionary<string, double>() : new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["forgotten-after"] = measured.ForgottenAccuracy.After,
            ["forgotten-before"] = measured.ForgottenAccuracy.Before,
            ["retained-after"] = measured.RetainedAccuracy.After,
            ["retained-before"] = measured.RetainedAccuracy.Before,
        },
    };
}
