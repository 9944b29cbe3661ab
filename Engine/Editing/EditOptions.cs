using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Editing;

/// <summary>Options of <see cref="ModelEditor"/>.</summary>
public sealed record EditOptions
{
    /// <summary>
    /// How: "patch", a neuron per image beside the last layer; "last", the last layer's weights in closed form; or by gradient steps,
    /// "gd", "scaled-gd", "rprop", "rmsprop", "momentum" or "adam".
    /// </summary>
    public string Editor { get; init; } = "patch";

    /// <summary>Step size of gradient steps; null: the one that the model was trained for, if it was trained to be edited, else chosen for every image (<see cref="GradientEditor"/>).</summary>
    public double? StepSize { get; init; }

    /// <summary>
    /// Whose weights gradient steps may change: "all" or null; "last"; "extra", a residual layer added before the last; or parts of
    /// names of nodes, separated by commas ("layer3", also "chain:layer3").
    /// </summary>
    public string? Layers { get; init; }

    /// <summary>Whether mirrored and shifted views of the images shall follow, with "patch".</summary>
    public bool Views { get; init; } = true;

    /// <summary>Where the logits are.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>Seed of the data's draws, for the record.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}
