using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Training;

namespace OnnxEdit.Engine.Finetuning;

/// <summary>How a fine-tuning went.</summary>
public sealed record FinetuneReport
{
    /// <summary>Losses along the way; the first point is the model as it was given.</summary>
    public required IReadOnlyList<LossPoint> Curve { get; init; }

    /// <summary>Whether the metric in the curve says how far answers agree with the teacher's; else it is measured against labels.</summary>
    public bool IsCurveAgreement { get; init; }

    /// <summary>Steps made.</summary>
    public required int Steps { get; init; }

    /// <summary>Step after which the weights that were kept stood.</summary>
    public required int BestStep { get; init; }

    /// <summary>Why it ended.</summary>
    public required FinetuneEnd End { get; init; }

    /// <summary>How good the model was on the test items: by the metric of its task, else how far its answers agreed with the teacher's; null where neither can be told.</summary>
    public TaskMeasurement? MeasuredBefore { get; init; }

    /// <summary>The same of the result.</summary>
    public TaskMeasurement? MeasuredAfter { get; init; }

    /// <summary>Accuracy of a classifier on the test items before, if they have labels.</summary>
    public Evaluation? Before => MeasuredBefore?.Classification;

    /// <summary>The same of the result.</summary>
    public Evaluation? After => MeasuredAfter?.Classification;

    /// <summary>Items trained on per second; not reproducible.</summary>
    public double ImagesPerSecond { get; init; }

    /// <summary>Whether normalisations got new statistics after the training.</summary>
    public bool Reestimated { get; init; }

    /// <summary>A sentence on what was done.</summary>
    public required string Basis { get; init; }

    /// <summary>Things the user should know, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
