using System.Globalization;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>The record of an editable training that travels in the model: reproducible facts only, among them the step size that edits were practised with.</summary>
static class EditableHistory
{
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
            [PractisedStepSize.Layers] = options.Layers,
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
            [PractisedStepSize.Key] = report.Best.EditStepSize,
        },
    };

    static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
