using OnnxEdit.Kernels;

namespace OnnxEdit.Engine;

/// <summary>Options of <see cref="Slimmer.Slim"/>.</summary>
public sealed record SlimOptions
{
    /// <summary>How much to remove.</summary>
    public SlimBudget Budget { get; init; } = SlimBudget.Sparsity(0.4);

    /// <summary>How channels are ranked.</summary>
    public ChannelScoreKind Score { get; init; } = ChannelScoreKind.Auto;

    /// <summary>How the scores of the classes become one; only for scores that look at classes.</summary>
    public ClassAggregation Aggregation { get; init; } = ClassAggregation.Max;

    /// <summary>What is done to the weights that are left.</summary>
    public RecoveryKind Recovery { get; init; } = RecoveryKind.LeastSquares;

    /// <summary>Channel counts become multiples of this where they change; null: measured for this machine.</summary>
    public int? Align { get; init; }

    /// <summary>A plan to apply instead of making one; <see cref="Budget"/>, <see cref="Score"/> and <see cref="Align"/> are then not used.</summary>
    public SlimPlan? Plan { get; init; }

    /// <summary>Stops after the plan: no model is made.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>Seed of every random choice.</summary>
    public ulong Seed { get; init; }

    /// <summary>Images per run.</summary>
    public int Batch { get; init; } = 50;

    /// <summary>Output positions sampled per image when Gram matrices of convolutions are summed.</summary>
    public int PositionsPerImage { get; init; } = 32;

    /// <summary>Gauss-Newton steps on the first convolution of each pair, see <see cref="PairRefinement"/>.</summary>
    public int RefineSteps { get; init; } = 3;

    /// <summary>Images that the Gauss-Newton steps use, the first ones.</summary>
    public int RefineImages { get; init; } = 1000;

    /// <summary>Images that the ranking of channels uses, the first ones.</summary>
    public int RankingImages { get; init; } = 1000;

    /// <summary>How accuracy is measured.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>Sizes of symbolic input dimensions other than the batch, by input name.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }
}
