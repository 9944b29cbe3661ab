namespace OnnxEdit.Engine;

/// <summary>A state on the way of an edit: after so many ablations.</summary>
/// <param name="Component">Name of the component that was ablated to get here; null at the start.</param>
/// <param name="Score">Its statistic when it was chosen.</param>
/// <param name="TargetAccuracy">Top-1 accuracy on the target examples, as a fraction of one.</param>
/// <param name="ValidationAccuracy">The same on validation images.</param>
/// <param name="Gain">What was climbed: the target's mean margin as a share of the reference's, and the log-likelihood of validation images.</param>
public sealed record ComponentEditStep(string? Component, double Score, double TargetAccuracy, double ValidationAccuracy, double Gain);

/// <summary>What an edit by attributions did.</summary>
public sealed record ComponentEditReport
{
    /// <summary>All steps, the start included.</summary>
    public required IReadOnlyList<ComponentEditStep> Steps { get; init; }

    /// <summary>How many of the ablations were kept.</summary>
    public required int Kept { get; init; }

    /// <summary>On test images, before and after; null without any.</summary>
    public required (Evaluation Before, Evaluation After)? Test { get; init; }
}

/// <summary>A model edited by attributions.</summary>
/// <param name="Model">The model.</param>
/// <param name="Report">What was done.</param>
public sealed record ComponentEditResult(Surgery.OnnxModel Model, ComponentEditReport Report);
