using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>The record of an editable training that travels in the model: reproducible facts only, among them the step size that edits were practised with.</summary>
static class EditableHistory
{
    const string StepSize = "edit-step-size", Layers = "layers";

    /// <summary>Makes the record.</summary>
    public static HistoryEntry Entry(OnnxModel source, EditableReport report, EditableOptions options, int batch) => new()
    {
        Command = "finetune",
        Options = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["batch"] = Number(batch),
            ["edit-steps"] = Number(options.EditSteps),
            ["edit-weight"] = Number(options.EditWeight),
            ["editable"] = options.IsFirstOrder ? "first order" : "yes",
            ["images"] = Number(options.Images),
            [Layers] = options.Layers,
            ["locality-weight"] = Number(options.LocalityWeight),
            ["step-size"] = Number(options.LargestStep),
            ["steps"] = Number(report.Steps),
            ["targets"] = options.OnLabels ? "labels" : "own answers",
        },
        Seed = options.Seed,
        Versions = EngineVersions.Current,
        SourceSha256 = source.Sha256,
        AccuracyBefore = report.Before?.Top1,
        AccuracyAfter = report.After?.Top1,
        Results = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["best-step"] = report.BestStep,
            ["drawdown-before"] = report.Curve[0].Drawdown,
            ["drawdown-after"] = report.Best.Drawdown,
            [StepSize] = report.Best.EditStepSize,
        },
    };

    /// <summary>The step size that a model was trained to be edited with, if it was trained for the editor and layers asked for.</summary>
    public static double? StepSizeFor(OnnxModel model, EditOptions options) =>
        options.Editor != Editor.RmsProp ? null
        : ModelHistory.Read(model.Proto).LastOrDefault(e => e.Results.ContainsKey(StepSize)) is { } entry && entry.Options.GetValueOrDefault(Layers) == (options.Layers ?? "all")
            ? entry.Results[StepSize] : null;

    static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
