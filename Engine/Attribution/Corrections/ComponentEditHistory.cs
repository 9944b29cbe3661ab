using System.Globalization;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>The record of an edit by attributions that travels in the model: reproducible facts only, no paths, no times.</summary>
static class ComponentEditHistory
{
    /// <summary>Makes the record.</summary>
    public static HistoryEntry Entry(OnnxModel source, ComponentEditReport report, ComponentEditOptions options) => new()
    {
        Command = "coar edit",
        Options = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["ablation"] = Words.Of(options.Ablation),
            ["alpha"] = options.Attribution.Alpha.ToString(CultureInfo.InvariantCulture),
            ["budget"] = options.Attribution.Budget.ToString(CultureInfo.InvariantCulture),
            ["components"] = string.Join(", ", report.Left.Select(c => c.Left == 0 ? c.Component : FormattableString.Invariant($"{c.Component} x {c.Left:G3}"))),
            ["direction"] = options.Lower ? "lower" : "raise",
            ["drop"] = options.Drop.ToString(CultureInfo.InvariantCulture),
        },
        Seed = options.Attribution.Seed,
        Versions = EngineVersions.Current,
        SourceSha256 = source.Sha256,
        AccuracyBefore = report.Test?.Before.Top1,
        AccuracyAfter = report.Test?.After.Top1,
        Results = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["target-after"] = report.Steps[report.Kept].TargetAccuracy,
            ["target-before"] = report.Steps[0].TargetAccuracy,
        },
    };
}
