using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Statistics;

/// <summary>What <see cref="CalibrationStatistics.Collect"/> measures and how.</summary>
public sealed record StatisticsOptions
{
    /// <summary>Name of the logits; null: found by itself. Needed only where the data has no labels.</summary>
    public string? Output { get; init; }

    /// <summary>Names of the classes, kept with the statistics.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Images per run.</summary>
    public int Batch { get; init; } = 50;

    /// <summary>Seed of the positions sampled for Gram sums.</summary>
    public ulong Seed { get; init; }

    /// <summary>Output positions sampled per image when Gram matrices of convolutions are summed.</summary>
    public int PositionsPerImage { get; init; } = 32;

    /// <summary>Whether activations are measured at all; without, only Gram sums are collected.</summary>
    public bool Activations { get; init; } = true;

    /// <summary>Whether class mean maps are formed, for the score tvsprune.</summary>
    public bool MeanMaps { get; init; } = true;

    /// <summary>Images that channel independence is averaged over, for the score chip; 0: none. It is costly: an eigendecomposition per image and point.</summary>
    public int IndependenceImages { get; init; } = 128;

    /// <summary>Whether Gram sums of linear units are collected, for reconstruction.</summary>
    public bool Grams { get; init; } = true;

    /// <summary>Whether sums by class are formed at the unit that makes the features, for unlearning.</summary>
    public bool ClassSums { get; init; } = true;

    /// <summary>Units with more patch rows than this get no Gram sums: the matrix grows with the square.</summary>
    public int LargestGram { get; init; } = 4096;

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}
