namespace OnnxEdit.Engine.Scores;

/// <summary>What a channel is judged by; a larger score always means a channel more worth keeping.</summary>
public enum ChannelScoreKind
{
    /// <summary>Lower bound on the total variation between each class and the rest: the larger of KS and MPM (DisCEdit).</summary>
    Tv,

    /// <summary>The same bound from Fisher's discriminant of (x, x^2), F / (2 + F).</summary>
    Fisher,

    /// <summary>The same bound from the minimax probability machine, kappa^2 / (1 + kappa^2), tight for two moments.</summary>
    Mpm,

    /// <summary>MPM with means and covariances uncertain by 5 %.</summary>
    MpmRobust,

    /// <summary>Kolmogorov-Smirnov distance of the pooled features.</summary>
    Ks,

    /// <summary>Smallest distance between the mean maps of two classes, as TVSPrune's reference code computes it.</summary>
    TvsPrune,

    /// <summary>Channel independence: what the layer's nuclear norm loses without the channel (CHIP).</summary>
    Chip,

    /// <summary>Sum of absolute weights of the filters that make the channel, a following normalisation folded in.</summary>
    L1,

    /// <summary>Euclidean norm of the same weights.</summary>
    L2,

    /// <summary>Reconstruction error that the channel's removal adds in the layers that read it (optimal brain surgeon).</summary>
    Obs,

    /// <summary>Uniform random numbers, the baseline.</summary>
    Random,

    /// <summary>The default pipeline: <see cref="Obs"/> where there is anything to reconstruct from, else <see cref="L2"/>.</summary>
    Auto,
}
