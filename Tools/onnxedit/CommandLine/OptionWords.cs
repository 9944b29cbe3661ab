using System.Text.RegularExpressions;

namespace OnnxEdit.Cli;

/// <summary>
/// What users type for what the libraries name. Their messages speak of members, as <c>UnlearnOptions.RetainDrop</c>, of
/// parameters, as <c>RunFolder.Create(path)</c>, of values, as <c>SlimOptions.Align = 1</c>, and of entries, as
/// <c>DeployOptions.Gates[max-drop]</c>, and of pages, as docs/channels.md, where the command line can show what they tell; all that this program prints says <c>--retain-drop</c>, <c>--align 1</c> and so on.
/// </summary>
static partial class OptionWords
{
    /// <summary>The table: a member or page, and the option or command that stands for it.</summary>
    internal static IReadOnlyDictionary<string, string> Table { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        // Data and inputs.
        ["DataOptions.Path"] = "--data",
        ["DataOptions.EvalPath"] = "--eval-data",
        ["DataOptions.LabelMap"] = "--labels",
        ["DataOptions.Columns"] = "--columns",
        ["DataOptions.Tokenizer"] = "--tokenizer",
        ["EvaluationOptions.Alphabet"] = "--alphabet",
        ["EvaluationOptions.Task"] = "--task",
        ["EvaluationOptions.ForceLabels"] = "--force-labels",
        ["EvaluationOptions.Output"] = "--output",
        ["ModelSignature.Of(shapes)"] = "--input-shape",
        ["Preprocessing.Layout"] = "--layout",
        ["Preprocessing.Mean"] = "--mean",
        ["Preprocessing.Resize"] = "--resize",
        ["Preprocessing.Std"] = "--std",
        ["Preprocessing.KnownVariants"] = "`eval --try-preprocess`",
        // Channels and statistics.
        ["docs/channels.md"] = "'onnxedit explain'",
        ["HeadCut.Dimensions"] = "--attention dims",
        ["HeadCut.Heads"] = "--attention heads",
        ["MomentsBundle.Write"] = "`onnxedit stats`",
        ["MomentsBundle.Write(overwrite)"] = "--force",
        // slim
        ["SlimBudget.MaxDrop"] = "--max-drop",
        ["SlimBudget.Parse"] = "--target",
        ["SlimOptions.Recovery"] = "--recovery",
        ["SlimData.Calibration"] = "--data",
        ["SlimData.Moments"] = "--moments",
        ["SlimData.Validation"] = "--data",
        ["SlimOptions.Align"] = "--align",
        ["SlimOptions.InputShapes"] = "--input-shape",
        ["SlimOptions.Score"] = "--score",
        ["SlimPlan.ToJson"] = "slim --plan-out",
        // unlearn
        ["UnlearnData.Moments"] = "--moments",
        ["UnlearnData.Test"] = "--eval-data",
        ["UnlearnData.Train"] = "--data",
        ["UnlearnOptions.Classes"] = "--class",
        ["UnlearnOptions.Deviations"] = "--deviations",
        ["UnlearnOptions.Finetune"] = "--finetune",
        ["UnlearnOptions.ForgetTarget"] = "--forget-target",
        ["UnlearnOptions.Method"] = "--method",
        ["UnlearnOptions.PerLayer"] = "--per-layer",
        ["UnlearnOptions.Physical"] = "--physical",
        ["UnlearnOptions.RetainDrop"] = "--retain-drop",
        ["UnlearnOptions.Tail"] = "--tail",
        // edit and finetune
        ["EditOptions.Editor"] = "--editor",
        ["ModelEditor.Edit"] = "--one-by-one",
        ["FinetuneOptions.Mix"] = "--mix",
        ["FinetuneOptions.Normalisation"] = "--normalisation",
        ["FinetuneOptions.Teacher"] = "--teacher",
        // coar
        ["AttributionOptions.Ablation"] = "--ablation",
        ["AttributionOptions.Answer"] = "--answer",
        ["AttributionMerge.Merge"] = "onnxedit coar merge",
        ["AttributionSampler.Run(numbers)"] = "onnxedit coar sample RUN --only",
        ["ComponentEditOptions.Drop"] = "--drop",
        ["RunFolder.Create(path)"] = "onnxedit coar plan MODEL -o",
        ["RunManifest.Data"] = "--data",
        ["RunManifest.Model"] = "--model",
        ["Shard.Parse"] = "--shard",
        ["Shard.Parse(shards)"] = "--shards",
        // deploy, serve and report
        ["Deployer.Activate"] = "--activate V",
        ["Deployer.Deploy"] = "onnxedit deploy",
        ["DeployOptions.Format"] = "--format",
        ["DeployOptions.Gates"] = "--",
        ["DeployOptions.MaxBatchSize"] = "--max-batch",
        ["DeployOptions.OpenBatch"] = "--dynamic-batch",
        ["DeployOptions.Parity"] = "--parity",
        ["DeployOptions.Repository"] = "--to",
        ["DeployOptions.StorageUri"] = "--storage-uri",
        ["ModelComparison.Measure(before)"] = "--before",
    };

    /// <summary>The text with options in place of members; what the table does not hold stays.</summary>
    internal static string In(string text) => Named().Replace(text, found => Table.TryGetValue(found.Groups["member"].Value, out var typed)
        ? typed + found.Groups["entry"].Value + (found.Groups["value"].Success ? " " : "")
        : found.Value);

    /// <summary>A member, a parameter or a page, with what stands behind it.</summary>
    [GeneratedRegex(@"(?<![\w.])(?<member>[A-Z]\w*\.[A-Z]\w*(?:\([a-z]\w*\))?|docs/\w+\.md)(?:\[(?<entry>[a-z-]+)\])?(?<value> = )?")]
    internal static partial Regex Named();
}
