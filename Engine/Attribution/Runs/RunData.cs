using OnnxEdit.Engine.Data.Pixels;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>Where the examples of a run come from.</summary>
sealed record RunData
{
    /// <summary>The data, as an absolute path, or "random:N".</summary>
    public required string Path { get; init; }

    /// <summary>Test data, where it is apart.</summary>
    public string? EvalPath { get; init; }

    /// <summary>How pixels become model inputs; null: not given.</summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>From labels in the data to model outputs; null: labels are outputs.</summary>
    public IReadOnlyDictionary<int, int>? Labels { get; init; }

    /// <summary>Sizes of what the model leaves open, by input name, -1 for the batch; null: none given.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }

    /// <summary>Of files of texts: what their columns hold; null: as a header says.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Of files of texts: the tokenizer, as an absolute path; null: the one beside the model.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The part of the data that examples are drawn from: test or train.</summary>
    public required string From { get; init; }

    /// <summary>Number of examples asked for.</summary>
    public required int Count { get; init; }

    /// <summary>SHA-256 of the examples as the model sees them, and of their labels.</summary>
    public required string Sha256 { get; init; }
}
