using OnnxEdit.Engine.Editing.Editors;
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
            ["editor"] = options.Editor,
            ["images"] = FormattableString.Invariant($"{report.Images.Count}"),
        };
        foreach (var (name, value) in ImageEditors.Table.Of(options.Editor).Options(options)) named[name] = value;
        return named;
    }
}
