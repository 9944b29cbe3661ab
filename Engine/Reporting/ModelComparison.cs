using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Reporting;

/// <summary>Compares an edited model with what it was made from, or looks at one model alone.</summary>
public static class ModelComparison
{
    /// <summary>Counts, runs and times the models. No file is written.</summary>
    /// <param name="before">The model before the edit; null: only the other is looked at.</param>
    /// <param name="after">The edited model, or any with the same inputs and classes.</param>
    /// <param name="data">Data whose test part holds labelled images; null or without labels: accuracy is left out, and the report says so.</param>
    /// <param name="options">Which output, how long to time; null: defaults.</param>
    /// <param name="progress">Told how far each stage has come.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">The models take different inputs or tell different classes apart, or cannot be run.</exception>
    /// <exception cref="OnnxSurgeryException">A history is damaged, or ONNX Runtime refuses a model.</exception>
    public static ComparisonReport Measure(
        OnnxModel? before,
        OnnxModel after,
        ModelData? data = null,
        ReportOptions? options = null,
        IProgress<WorkProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(after);
        options ??= new ReportOptions();
        using var execution = ExecutionOptions.Enter(options.Execution);
        List<string> notes = [];
        if (before is not null) RequireSameInputs(before, after);
        var countsAfter = Count(after, options, notes);
        var countsBefore = before is null ? null : Count(before, options, notes);
        var (layers, unmatched) = before is null ? ([], 0) : LayerChanges.Of(before, countsBefore!, after, countsAfter);
        var (edits, isSource) = Edits(before, after);
        var reason = NoAccuracy(after, data, options);
        if (reason is null && data!.IsDivided)
            notes.Add($"Accuracy is that of the {data.Test!.Count} items that the edit held out of data without parts; a report made later cannot tell them from the others and measures on all.");
        var (taskBefore, taskAfter) = reason is null || data?.Test is null ? (null, null) : Task(before, after, data.Test, options, notes, progress, cancellation);
        return new ComparisonReport
        {
            Before = before is null ? null : Describe(before, countsBefore!),
            After = Describe(after, countsAfter),
            Edits = edits,
            IsSource = isSource,
            Layers = layers,
            Unmatched = unmatched,
            Accuracy = reason is null ? AccuracyReporter.Measure(before, after, data!.Test!, data.ClassNames, options, progress, cancellation) : null,
            TaskBefore = taskBefore,
            TaskAfter = taskAfter,
            NoAccuracyBecause = reason,
            Latency = options.Known?.Latency ?? LatencyComparison.Measure(before ?? after, before is null ? null : after, options.Latency with { InputShapes = options.InputShapes }, progress, cancellation),
            Environment = ReportEnvironment.Current,
            Notes = notes,
        };
    }

    // Names and the batch do not matter, and an open extent takes any size.
    static void RequireSameInputs(OnnxModel before, OnnxModel after)
    {
        var (first, second) = (Inputs(before), Inputs(after));
        if (first.Length == second.Length && first.Zip(second).All(pair => IsSame(pair.First, pair.Second))) return;
        throw new OnnxEngineException(
            ErrorKind.Model, $"The models take different inputs ({Text(first)} and {Text(second)}), so they cannot be compared on the same data; name a model with the same inputs as ModelComparison.Measure(before).");

        static DeclaredTensor[] Inputs(OnnxModel model) => [.. new GraphIndex(model.Proto.Graph).Inputs.Select(DeclaredTensor.Of)];
        static bool IsSame(DeclaredTensor a, DeclaredTensor b) => a.Type == b.Type
            && a.Shape.Count == b.Shape.Count && a.Shape.Zip(b.Shape).Skip(1).All(e => e.First == e.Second || e.First < 0 || e.Second < 0);
        static string Text(DeclaredTensor[] inputs) => string.Join(", ", inputs.Select(t => $"{t.Name} {t.TypeName} {t}"));
    }

    static ModelCounts Count(OnnxModel model, ReportOptions options, List<string> notes)
    {
        try
        {
            var trace = ShapeTrace.Run(model.Proto, options.InputShapes);
            return ModelCounts.Of(model.Proto, trace.Sizes);
        }
        catch (OnnxSurgeryException cause)
        {
            notes.Add($"MACs and channels are not counted: {cause.Message}");
            return ModelCounts.Of(model.Proto);
        }
    }

    static ReportedModel Describe(OnnxModel model, ModelCounts counts) => new(
        Path.GetFileName(model.Path), model.Sha256, counts.Parameters, counts.MacsComplete ? counts.Macs : null, counts.Bytes, counts.Nodes.Count,
        ModelHistory.Read(model.Proto));

    /// <summary>The edits that lie between the models, and whether they begin at the first.</summary>
    static (IReadOnlyList<HistoryEntry> Edits, bool? IsSource) Edits(OnnxModel? before, OnnxModel after)
    {
        var history = ModelHistory.Read(after.Proto);
        if (before is null || history.Count == 0) return (history, null);
        var first = history.ToList().FindIndex(entry => entry.SourceSha256 == before.Sha256);
        return first >= 0 ? ([.. history.Skip(first)], true) : (history, false);
    }

    // With labels of its task each model by itself, without how far the second agrees with the first.
    static (TaskMeasurement? Before, TaskMeasurement? After) Task(OnnxModel? before, OnnxModel after, ItemSet items, ReportOptions options, List<string> notes, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var task = ModelTasks.Of(TaskSubject.Of(after.Proto, options.Evaluation), items);
        if (task.IsLabelled(items))
            return (
                before is null ? null : TaskEvaluator.Measure(before, items, options.Evaluation, progress, cancellation), TaskEvaluator.Measure(after, items, options.Evaluation, progress, cancellation));
        try
        {
            return (null, before is not null && TaskEvaluator.Agree(before, after, items, options.Evaluation, progress, cancellation) is { Metrics.Count: > 0 } agreement ? agreement : null);
        }
        catch (OnnxEngineException nothing) when (nothing.Kind is ErrorKind.Data or ErrorKind.Model)
        {
            notes.Add($"Agreement is not measured: {nothing.Message.TrimEnd('.')}.");
            return default;
        }
    }

    static string? NoAccuracy(OnnxModel after, ModelData? data, ReportOptions options)
    {
        if (data?.Test is not { } items) return "No data was given, so nothing is measured on it (DataOptions.Path).";
        var task = ModelTasks.Of(TaskSubject.Of(after.Proto, options.Evaluation), items);
        if (task is not ClassificationTask)
            return $"The model is measured as {task.Name}, so accuracy by class, margins and confusions are not in this report.";
        return items.IsLabelled ? null : "The data holds no labelled test items, so accuracy, margins and confusions are not in this report (DataOptions.EvalPath).";
    }
}
