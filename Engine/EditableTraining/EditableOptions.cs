using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>Options of <see cref="EditableTrainer.Train"/>.</summary>
public sealed record EditableOptions
{
    /// <summary>The layers that edits will change, as in <see cref="EditOptions.Layers"/>; these and all behind them are trained.</summary>
    public string Layers { get; init; } = "extra";

    /// <summary>Training steps at most.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Images per step.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>
    /// Step size of Adam at first; it falls to zero along a half cosine. Null: 0.001 for the extra layer, which does nothing at
    /// first, and 0.0001 for layers that are trained already.
    /// </summary>
    public double? StepSize { get; init; }

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }

    /// <summary>The step size that is meant.</summary>
    internal double LargestStep => StepSize ?? (Layers == "extra" ? 0.001 : 0.0001);

    /// <summary>Steps of a practised edit at most; fewer than the ten of real ones, so that these succeed.</summary>
    public int EditSteps { get; init; } = 6;

    /// <summary>Weight of what an edit leaves of its gap.</summary>
    public double EditWeight { get; init; } = 0.3;

    /// <summary>Weight of what an edit changes on other images.</summary>
    public double LocalityWeight { get; init; } = 3;

    /// <summary>Whether the gradients that an edit follows count as constants; quicker, since nothing is differentiated twice.</summary>
    public bool IsFirstOrder { get; init; }

    /// <summary>Whether the labels are learned, and not the answers that the model gives already.</summary>
    public bool OnLabels { get; init; }

    /// <summary>Training images used at most, and fewer where what comes before the trained layers, which is run once and kept, would take more than 1 GiB.</summary>
    public int Images { get; init; } = 20000;

    /// <summary>Longest gradient; a longer one is scaled down. 0: no limit.</summary>
    public double GradientLimit { get; init; } = 10;

    /// <summary>Steps between two looks at the validation images.</summary>
    public int CheckEvery { get; init; } = 100;

    /// <summary>Edits made at every look, each from the model as it then is.</summary>
    public int MeasuredEdits { get; init; } = 20;

    /// <summary>Validation images that their drawdown is measured on, at most.</summary>
    public int Validation { get; init; } = 320;

    /// <summary>Seed of the extra layer, the order of images and the edits.</summary>
    public ulong Seed { get; init; }

    /// <summary>Where the logits are.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();
}
