using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>The record of an unlearning that travels in the model: reproducible facts only, no paths, no times.</summary>
static class UnlearnHistory
{
    /// <summary>Makes the record.</summary>
    public static HistoryEntry Entry(OnnxModel source, UnlearnReport report, UnlearnOptions options) => new()
    {
        Command = "unlearn",
        Options = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["calibration"] = FormattableString.Invariant($"{options.Calibration}"),
            ["class"] = string.Join(',', options.Classes.Select(c => FormattableString.Invariant($"{c}"))),
            ["forget-target"] = FormattableString.Invariant($"{options.ForgetTarget}"),
            ["method"] = Name(options.Method),
            ["retain-drop"] = FormattableString.Invariant($"{options.RetainDrop}"),
        },
        Seed = options.Seed,
        Versions = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["onnxedit"] = typeof(UnlearnHistory).Assembly.GetName().Version!.ToString(3),
            ["onnxruntime"] = OrtRuntime.Version,
        },
        SourceSha256 = source.Sha256,
        AccuracyBefore = report.Before.Top1,
        AccuracyAfter = report.After.Top1,
        Results = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["forgotten-after"] = report.ForgottenAccuracy.After,
            ["forgotten-before"] = report.ForgottenAccuracy.Before,
            ["retained-after"] = report.RetainedAccuracy.After,
            ["retained-before"] = report.RetainedAccuracy.Before,
        },
    };

    /// <summary>A method as the command line names it.</summary>
    public static string Name(UnlearnMethod method) => method switch
    {
        UnlearnMethod.SuppressLogit => "suppress-logit",
        UnlearnMethod.DisceditU => "discedit-u",
        _ => "refit",
    };
}
