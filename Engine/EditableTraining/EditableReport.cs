using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>How an editable training went.</summary>
public sealed record EditableReport
{
    /// <summary>Looks along the way; the first is the model as it was given, an extra layer added.</summary>
    public required IReadOnlyList<EditablePoint> Curve { get; init; }

    /// <summary>Steps made.</summary>
    public required int Steps { get; init; }

    /// <summary>Step after which the weights that were kept stood.</summary>
    public required int BestStep { get; init; }

    /// <summary>Why it ended.</summary>
    public required FinetuneEnd End { get; init; }

    /// <summary>Accuracy on the test images before and after, without an edit, if they have labels.</summary>
    public Evaluation? Before { get; init; }

    /// <inheritdoc cref="Before"/>
    public Evaluation? After { get; init; }

    /// <summary>A sentence on what was done.</summary>
    public required string Basis { get; init; }

    /// <summary>The look whose weights were kept.</summary>
    public EditablePoint Best => Curve.First(p => p.Step == BestStep);
}
