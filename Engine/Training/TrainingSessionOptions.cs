using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Gradients.Blocked;

namespace OnnxEdit.Engine.Training;

/// <summary>What a <see cref="TrainingSession"/> computes.</summary>
sealed record TrainingSessionOptions
{
    /// <summary>Images per step.</summary>
    public required int Batch { get; init; }

    /// <summary>The loss.</summary>
    public TrainingLoss Loss { get; init; } = TrainingLoss.CrossEntropy;

    /// <summary>Temperature T of the cross-entropy, see <see cref="Losses.AddCrossEntropy"/>.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Tensors that are what the model is for, where it is no classifier; the relative squared error of each counts once.</summary>
    public IReadOnlyList<FeaturePair> Outputs { get; init; } = [];

    /// <summary>Tensors inside that are compared with a teacher's.</summary>
    public IReadOnlyList<FeaturePair> Features { get; init; } = [];

    /// <summary>Weight of the error of each of them.</summary>
    public double FeatureWeight { get; init; } = 1;

    /// <summary>Names of the weights to train, in the folded model; null: all.</summary>
    public IReadOnlyCollection<string>? Weights { get; init; }

    /// <summary>Whether batch normalisations use the statistics of the batch, and the stored ones follow; else they are frozen.</summary>
    public bool FollowStatistics { get; init; }

    /// <summary>Whether convolutions are rewritten for speed (<see cref="BlockedConvolutions"/>).</summary>
    public bool Blocked { get; init; } = true;
}
