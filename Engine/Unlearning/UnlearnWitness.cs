namespace OnnxEdit.Engine.Unlearning;

/// <summary>What <see cref="UnlearnMethod.DisceditU"/> judges a channel by; the largest go.</summary>
public enum UnlearnWitness
{
    /// <summary>DisCEdit-U's own: the uncentred bound of exp(-r / median r), r the norm of the channel's map.</summary>
    Exp,

    /// <summary>Kolmogorov-Smirnov distance of the pooled map between the class and the others.</summary>
    Ks,

    /// <summary>Lower bound on the total variation from Fisher's discriminant of (x, x^2), x the pooled map.</summary>
    Fisher,

    /// <summary>The same from the minimax probability machine.</summary>
    Mpm,

    /// <summary>The larger of KS and MPM.</summary>
    Tv,

    /// <summary>The smallest sums of absolute weights, whatever the class; baseline.</summary>
    L1,

    /// <summary>Drawn by the seed; baseline.</summary>
    Random,
}
