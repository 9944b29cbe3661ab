using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>What was measured on images that nothing was fitted to. Accuracies are fractions of one.</summary>
public sealed record UnlearnMeasurement
{
    /// <summary>The forgotten classes.</summary>
    public required IReadOnlyList<int> Classes { get; init; }

    /// <summary>The original on the test images.</summary>
    public required Evaluation Before { get; init; }

    /// <summary>The edited model on them.</summary>
    public required Evaluation After { get; init; }

    /// <summary>Change on images of the forgotten classes (FA), paired.</summary>
    public required PairedDifference Forgotten { get; init; }

    /// <summary>Change on images of the other classes (RA), paired.</summary>
    public required PairedDifference Retained { get; init; }

    /// <summary>How many images of the forgotten classes the edited model takes for each class.</summary>
    public required IReadOnlyList<int> WentTo { get; init; }

    /// <summary>
    /// Balanced accuracy (0.5 is chance) with which a linear rule reads each forgotten class out of the features that the head
    /// reads: of the original, and of the edited model. A model whose logit is suppressed has the original's features.
    /// </summary>
    public required IReadOnlyList<ProbeResult> Probe { get; init; }

    /// <summary>Accuracy of the original and the edited model on images of the forgotten classes.</summary>
    public (double Before, double After) ForgottenAccuracy => (Before.On(Classes.Contains), After.On(Classes.Contains));

    /// <summary>Accuracy on images of the other classes.</summary>
    public (double Before, double After) RetainedAccuracy => (Before.On(c => !Classes.Contains(c)), After.On(c => !Classes.Contains(c)));
}
