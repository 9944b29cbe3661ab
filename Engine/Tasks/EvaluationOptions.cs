using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Tasks;

/// <summary>How to measure accuracy.</summary>
public sealed record EvaluationOptions
{
    /// <summary>The output, or any tensor of the graph, that holds the logits; null: the one output that looks like class scores; several are refused.</summary>
    public string? Output { get; init; }

    /// <summary>What the outputs mean: the name of a row of the table of tasks, e.g. "embedding"; null: recognised from the model and the data.</summary>
    public string? Task { get; init; }

    /// <summary>How an output [items, positions, width] becomes one vector per item: "mean" (over the positions that are no padding), "first" or "none".</summary>
    public string? Pooling { get; init; }

    /// <summary>
    /// The file that names what a model reads by number, one a line: the characters of a text in a picture (without the blank, unless a line
    /// says &lt;blank&gt;, and with or without a space at the end), or the tags of words, which a config.json names, too; null: not known.
    /// </summary>
    public string? Alphabet { get; init; }

    /// <summary>
    /// Takes labels as they are where the model's predictions speak against them: edits that learn from labels refuse such
    /// otherwise.
    /// </summary>
    public bool ForceLabels { get; init; }

    /// <summary>The map that the labels went through, for a better one to be written down; null: none.</summary>
    internal IReadOnlyDictionary<int, int>? LabelMap { get; init; }

    /// <summary>Images per run at most; models with a fixed batch keep theirs.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}
