namespace OnnxEdit.Engine;

/// <summary>Options of <see cref="Slimmer.Slim"/>.</summary>
public sealed record SlimOptions
{
    /// <summary>Fraction of the parameters to remove, in (0, 1).</summary>
    public double? Sparsity { get; init; }

    /// <summary>Seed of every random choice.</summary>
    public ulong Seed { get; init; }

    /// <summary>Images per run.</summary>
    public int Batch { get; init; } = 50;

    /// <summary>Output positions sampled per image when Gram matrices of convolutions are summed.</summary>
    public int PositionsPerImage { get; init; } = 64;

    /// <summary>Gauss-Newton steps on the first unit of each pair.</summary>
    public int RefineSteps { get; init; } = 3;
}
