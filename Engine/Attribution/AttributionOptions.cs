using System.Text.Json.Serialization;
using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Attribution.Methods;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution;

/// <summary>How attributions are made.</summary>
public sealed record AttributionOptions
{
    /// <summary>What counts as a component.</summary>
    public ComponentKinds Components { get; init; } = ComponentKinds.Filters;

    /// <summary>Whether convolutions on shortcuts have components.</summary>
    public bool Shortcuts { get; init; }

    /// <summary>Parts of names of layers, one of which a layer must have for its components to count; null: all layers.</summary>
    public IReadOnlyList<string>? Layers { get; init; }

    /// <summary>What takes the place of an ablated component.</summary>
    public AblationKind Ablation { get; init; }

    /// <summary>The number that is explained of a classifier; of models of other tasks it is how far they keep their own answer, and this stays as it is.</summary>
    public AnswerKind Answer { get; init; }

    /// <summary>
    /// How attributions are estimated: "combined" (mask gradients, then a ridge regression on ablations around them), "gradients",
    /// "ridge", "ols", "loo", "ridge-around-loo", "gradient-x-parameter", "conductance", "internal-influence" or "random".
    /// </summary>
    [JsonConverter(typeof(AttributionMethods.Converter))]
    public string Method { get; init; } = "combined";

    /// <summary>Share of components that a mask ablates, in (0, 0.5].</summary>
    public double Alpha { get; init; } = 0.1;

    /// <summary>How masks are drawn.</summary>
    public MaskDesignKind Design { get; init; }

    /// <summary>Cost allowed for each example, in forward passes; a pass forward and backward counts 3.</summary>
    public int Budget { get; init; } = 1200;

    /// <summary>Examples per run, where the model leaves the batch open; null: 32, or fewer where their activations take much memory.</summary>
    public int? Batch { get; init; }

    /// <summary>
    /// Ablations in a chunk of work; chunks of gradients are made as long. Sums of gradients are added up chunk by chunk, so that
    /// their last bits depend on it, and on nothing else about how the work is shared out.
    /// </summary>
    public int Chunk { get; init; } = 64;

    /// <summary>Seed of the masks.</summary>
    public ulong Seed { get; init; }

    /// <summary>Which output holds the logits, or what else is explained; null: found by itself.</summary>
    public string? Output { get; init; }

    /// <summary>What the outputs mean, see <see cref="EvaluationOptions.Task"/>; null: recognised.</summary>
    public string? Task { get; init; }

    /// <summary>How an output [items, positions, width] becomes one vector per item, see <see cref="EvaluationOptions.Pooling"/>.</summary>
    public string? Pooling { get; init; }

    /// <summary>What a model reads by number, see <see cref="EvaluationOptions.Alphabet"/>; a path.</summary>
    public string? Alphabet { get; init; }

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    [JsonIgnore]
    public ExecutionOptions? Execution { get; init; }

    /// <summary>How the model is measured.</summary>
    [JsonIgnore]
    internal EvaluationOptions Evaluation => new() { Output = Output, Task = Task, Pooling = Pooling, Alphabet = Alphabet, Execution = Execution };
}
