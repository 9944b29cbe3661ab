using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>How a model is edited by ablating components.</summary>
public sealed record ComponentEditOptions
{
    /// <summary>True: the target's answers shall fall; false: they shall rise.</summary>
    public bool Lower { get; init; }

    /// <summary>True: any number of components in part, as far as it helps; false: a few, each in whole.</summary>
    public bool Partial { get; init; }

    /// <summary>Components to ablate in whole at most.</summary>
    public int Most { get; init; } = 10;

    /// <summary>Points of top-1 accuracy on validation images that the edit may cost.</summary>
    public double Drop { get; init; } = 1.5;

    /// <summary>
    /// Images to re-fit on, no labels needed, where channels that nothing but wholly ablated components make shall be removed
    /// physically; null: they stay.
    /// </summary>
    public ItemSet? SlimOn { get; init; }

    /// <summary>Statistic that components are ranked by.</summary>
    public ComponentScoring Scoring { get; init; }

    /// <summary>Components tried at each step, the first ones of the ranking.</summary>
    public int Candidates { get; init; } = 24;

    /// <summary>How attributions are made; its ablation is that of the edit.</summary>
    public AttributionOptions Attribution { get; init; } = new() { Method = "gradients", Budget = 600 };

    /// <summary>Components may be ablated by their means over validation images rather than as <see cref="AttributionOptions.Ablation"/> says.</summary>
    public AblationKind Ablation { get; init; } = AblationKind.Mean;

    /// <summary>How labels of validation images are compared with predictions; the output is that of <see cref="Attribution"/>.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}
