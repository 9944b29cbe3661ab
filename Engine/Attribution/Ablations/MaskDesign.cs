using System.Text.Json.Serialization;
using OnnxEdit.Engine.Data;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>How random masks are drawn.</summary>
public enum MaskDesignKind
{
    /// <summary>Every component is ablated with probability alpha, independently (Shah et al., 2024).</summary>
    [JsonStringEnumMemberName("bernoulli")]
    Bernoulli,

    /// <summary>Exactly round(alpha x components) are ablated.</summary>
    [JsonStringEnumMemberName("exact")]
    ExactCount,

    /// <summary>Components are dealt into round(1 / alpha) sets; each mask ablates one, so that each component is ablated once in so many masks.</summary>
    [JsonStringEnumMemberName("partition")]
    Partition,
}

/// <summary>
/// Random masks that are a function of the seed and their number: never stored, the same on every machine, however the work is shared out.
/// </summary>
/// <param name="Kind">How they are drawn.</param>
/// <param name="Components">Number of components.</param>
/// <param name="Alpha">Share of components to ablate.</param>
/// <param name="Seed">The seed.</param>
sealed record MaskDesign(MaskDesignKind Kind, int Components, double Alpha, ulong Seed)
{
    /// <summary>Sets of a partition.</summary>
    int Sets => Math.Max(1, (int)Math.Round(1 / Alpha));

    /// <summary>The components that a mask ablates, ascending.</summary>
    /// <param name="number">Number of the mask.</param>
    /// <param name="stream">What the masks are for, see <see cref="RandomStreams"/>.</param>
    public int[] Ablated(long number, ulong stream)
    {
        if (Kind == MaskDesignKind.Bernoulli)
        {
            var random = new Philox4x32(Seed, stream + (ulong)number);
            return [.. Enumerable.Range(0, Components).Where(_ => random.NextDouble() < Alpha)];
        }
        var (deal, set) = Kind == MaskDesignKind.Partition ? (number / Sets, (int)(number % Sets)) : (number, 0);
        var order = Enumerable.Range(0, Components).ToArray();
        new Philox4x32(Seed, stream + (ulong)deal).Shuffle<int>(order);
        int[] chosen = Kind == MaskDesignKind.Partition
            ? order[(int)((long)Components * set / Sets)..(int)((long)Components * (set + 1) / Sets)]
            : order[..(int)Math.Round(Alpha * Components)];
        Array.Sort(chosen);
        return chosen;
    }
}
