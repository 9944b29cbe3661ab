using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>A state on the way of an edit: after so many ablations.</summary>
/// <param name="Component">Name of the component that was ablated to get here; null at the start.</param>
/// <param name="Score">Its statistic when it was chosen.</param>
/// <param name="Ablated">Components ablated up to here, in whole or in part.</param>
/// <param name="TargetAccuracy">Top-1 accuracy on the target examples, as a fraction of one.</param>
/// <param name="ValidationAccuracy">The same on validation images.</param>
/// <param name="Gain">What was climbed: the target's mean margin as a share of the reference's, and the log-likelihood of validation images.</param>
public sealed record ComponentEditStep(string? Component, double Score, int Ablated, double TargetAccuracy, double ValidationAccuracy, double Gain);

/// <summary>What an edit by attributions did.</summary>
public sealed record ComponentEditReport
{
    /// <summary>All steps, the start included.</summary>
    public required IReadOnlyList<ComponentEditStep> Steps { get; init; }

    /// <summary>The step that was kept.</summary>
    public required int Kept { get; init; }

    /// <summary>The components that were ablated and what is left of each: 0 nothing, 1 all of it.</summary>
    public required IReadOnlyList<(string Component, float Left)> Left { get; init; }

    /// <summary>Classes whose answers were lowered; none where the target's were raised.</summary>
    public required IReadOnlyList<int> Lowered { get; init; }

    /// <summary>What was removed physically, where that was asked for and possible; else null.</summary>
    public SlimReport? Slim { get; init; }

    /// <summary>On test images, before and after; null without any.</summary>
    public required (Evaluation Before, Evaluation After)? Test { get; init; }
}

/// <summary>A model edited by attributions.</summary>
/// <param name="Model">The model.</param>
/// <param name="Report">What was done.</param>
public sealed record ComponentEditResult(OnnxModel Model, ComponentEditReport Report);
