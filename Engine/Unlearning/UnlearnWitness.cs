using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>What <see cref="UnlearnMethod.DisceditU"/> judges a channel by; the largest go.</summary>
public enum UnlearnWitness
{
    /// <summary>DisCEdit-U's own: the uncentred bound of exp(-r / median r), r the norm of the channel's map.</summary>
    [JsonStringEnumMemberName("exp")]
    Exp,

    /// <summary>Kolmogorov-Smirnov distance of the pooled map between the class and the others.</summary>
    [JsonStringEnumMemberName("ks")]
    Ks,

    /// <summary>Lower bound on the total variation from Fisher's discriminant of (x, x^2), x the pooled map.</summary>
    [JsonStringEnumMemberName("fisher")]
    Fisher,

    /// <summary>The same from the minimax probability machine.</summary>
    [JsonStringEnumMemberName("mpm")]
    Mpm,

    /// <summary>The larger of KS and MPM.</summary>
    [JsonStringEnumMemberName("tv")]
    Tv,

    /// <summary>The smallest sums of absolute weights, whatever the class; baseline.</summary>
    [JsonStringEnumMemberName("l1")]
    L1,

    /// <summary>Drawn by the seed; baseline.</summary>
    [JsonStringEnumMemberName("random")]
    Random,
}
