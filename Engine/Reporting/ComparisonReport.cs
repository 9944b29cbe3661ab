using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Reporting;

/// <summary>
/// All that a report says of an edited model: what changed, by which edits, and what that did to size, answers and
/// time. Everything in it was counted or measured when it was made, but for the history, which travels in the model.
/// </summary>
public sealed record ComparisonReport
{
    /// <summary>The model that was edited; null: the report is on one model alone.</summary>
    public ReportedModel? Before { get; init; }

    /// <summary>The edited model.</summary>
    public required ReportedModel After { get; init; }

    /// <summary>Edits of <see cref="After"/> that are not in the history of <see cref="Before"/>, oldest first; all of them where there is no other model.</summary>
    public required IReadOnlyList<HistoryEntry> Edits { get; init; }

    /// <summary>True: the first of <see cref="Edits"/> names <see cref="Before"/> as its source. False: it names another. Null: there is no edit or no other model.</summary>
    public bool? IsSource { get; init; }

    /// <summary>Layers with parameters that both models have, in the order of the edited model's graph.</summary>
    public required IReadOnlyList<LayerChange> Layers { get; init; }

    /// <summary>Layers of either model without a counterpart in the other.</summary>
    public int Unmatched { get; init; }

    /// <summary>Accuracy of the models on the same images; null where it is not measured.</summary>
    public AccuracyChange? Accuracy { get; init; }

    /// <summary>How good the model before is at a task that is not classification; null where accuracy says it, or there are no labels of the task.</summary>
    public TaskMeasurement? TaskBefore { get; init; }

    /// <summary>The same of the edited model; its agreement with the model before, where there are no labels.</summary>
    public TaskMeasurement? TaskAfter { get; init; }

    /// <summary>Why accuracy is not measured, one sentence; null where it is.</summary>
    public string? NoAccuracyBecause { get; init; }

    /// <summary>Times by batch size, the models in turns.</summary>
    public required IReadOnlyList<LatencyResult> Latency { get; init; }

    /// <summary>Where and with what this was measured.</summary>
    public required ReportEnvironment Environment { get; init; }

    /// <summary>Things the reader should know, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
