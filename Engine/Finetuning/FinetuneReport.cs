using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;

namespace OnnxEdit.Engine.Finetuning;

/// <summary>How a fine-tuning went.</summary>
public sealed record FinetuneReport
{
    /// <summary>Losses along the way; the first point is the model as it was given.</summary>
    public required IReadOnlyList<LossPoint> Curve { get; init; }

    /// <summary>Steps made.</summary>
    public required int Steps { get; init; }

    /// <summary>Step after which the weights that were kept stood.</summary>
    public required int BestStep { get; init; }

    /// <summary>Why it ended.</summary>
    public required FinetuneEnd End { get; init; }

    /// <summary>Accuracy on the test images before and after, if they have labels.</summary>
    public Evaluation? Before { get; init; }

    /// <inheritdoc cref="Before"/>
    public Evaluation? After { get; init; }

    /// <summary>Images trained on per second; not reproducible.</summary>
    public double ImagesPerSecond { get; init; }

    /// <summary>Whether normalisations got new statistics after the training.</summary>
    public bool Reestimated { get; init; }

    /// <summary>A sentence on what was done.</summary>
    public required string Basis { get; init; }
}
