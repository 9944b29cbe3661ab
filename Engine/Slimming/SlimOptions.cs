using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>Options of <see cref="Slimmer.Slim"/>.</summary>
public sealed record SlimOptions
{
    /// <summary>How much to remove.</summary>
    public SlimBudget Budget { get; init; } = SlimBudget.Sparsity(0.4);

    /// <summary>
    /// How channels are ranked: "auto" ("obs" where there are images or statistics, else "l2"), "tv", "fisher", "mpm", "mpm-robust", "ks",
    /// "tvsprune", "chip", "l1", "l2", "obs" or "random".
    /// </summary>
    public string Score { get; init; } = "auto";

    /// <summary>How the scores of the classes become one; only for scores that look at classes.</summary>
    public ClassAggregation Aggregation { get; init; } = ClassAggregation.Max;

    /// <summary>What is done to the weights that are left.</summary>
    public RecoveryKind Recovery { get; init; } = RecoveryKind.LeastSquares;

    /// <summary>Channel counts become multiples of this where they change; null: measured for this machine.</summary>
    public int? Align { get; init; }

    /// <summary>What is cut where attentions split channels into heads; a <see cref="Plan"/> brings its own.</summary>
    public HeadCut Attention { get; init; } = HeadCut.Dimensions;

    /// <summary>A plan to apply instead of making one; <see cref="Budget"/>, <see cref="Score"/> and <see cref="Align"/> are then not used.</summary>
    public SlimPlan? Plan { get; init; }

    /// <summary>Stops after the plan: no model is made.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>Seed of every random choice.</summary>
    public ulong Seed { get; init; }

    /// <summary>Images per run.</summary>
    public int Batch { get; init; } = 50;

    /// <summary>How much computing goes into statistics and recovery; null: as much as suits the model, see <see cref="SlimEffort.For"/>.</summary>
    internal SlimEffort? Effort { get; init; }

    /// <summary>How accuracy is measured.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>Sizes of symbolic input dimensions other than the batch, by input name.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}
