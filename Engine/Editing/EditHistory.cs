using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Editing;

/// <summary>The record of an edit that travels in the model: reproducible facts only, no paths, no times.</summary>
static class EditHistory
{
    /// <summary>Makes the record.</summary>
    public static HistoryEntry Entry(OnnxModel source, EditReport report, EditOptions options) => new()
    {
        Command = "edit",
        Options = Options(report, options),
        Seed = options.Seed,
        Versions = EngineVersions.Current,
        SourceSha256 = source.Sha256,
        AccuracyBefore = report.Before?.Top1,
        AccuracyAfter = report.After?.Top1,
        Results = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["changed"] = report.Changed.Count,
            ["success"] = report.Images.Count(i => i.Success) / (double)report.Images.Count,
        },
    };

    static SortedDictionary<string, string> Options(EditReport report, EditOptions options)
    {
        var named = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["editor"] = Name(options),
            ["images"] = FormattableString.Invariant($"{report.Images.Count}"),
        };
        if (options.Method == EditMethod.Patch && !options.Views) named["exact"] = "true";
        if (options.Method == EditMethod.Gradient)
        {
            named["layers"] = options.Layers ?? "all";
            named["step-size"] = FormattableString.Invariant($"{(options.StepSize is { } a ? a : "chosen by the first step")}");
        }
        return named;
    }

    /// <summary>An editor as the command line names it.</summary>
    public static string Name(EditOptions options) => options.Method switch
    {
        EditMethod.Patch => "patch",
        EditMethod.LastLayer => "last",
        _ => options.Editor switch { Editor.ScaledGd => "scaled-gd", var e => e.ToString().ToLowerInvariant() },
    };
}
