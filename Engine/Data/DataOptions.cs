using OnnxEdit.Engine.Data.Pixels;

namespace OnnxEdit.Engine.Data;

/// <summary>Which data to read and how to share it out.</summary>
public sealed record DataOptions
{
    /// <summary>What <see cref="Validation"/> is where nothing else is said.</summary>
    internal const int UsualValidation = 2000;

    /// <summary>A file or folder in any known format, or "random:N" for N random inputs.</summary>
    public required string Path { get; init; }

    /// <summary>Data to test on instead of the test part of <see cref="Path"/>.</summary>
    public string? EvalPath { get; init; }

    /// <summary>Number of training items to collect statistics on; fewer when there are not enough.</summary>
    public int Calibration { get; init; } = 2000;

    /// <summary>Number of further training items to choose settings on, none of them used for calibration; 0 where nothing is chosen.</summary>
    public int Validation { get; init; } = UsualValidation;

    /// <summary>At most this many test items, drawn by the seed; null: all.</summary>
    public int? TestLimit { get; init; }

    /// <summary>Makes every draw and split repeatable.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// For measuring only: data without a test part of its own is not split but used whole as the test set,
    /// and nothing is drawn for calibration or validation.
    /// </summary>
    public bool TestOnly { get; init; }

    /// <summary>How pixels become numbers; null refuses 8-bit images unless the model takes them as they are.</summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>For "random:N": values uniform between 0 and 1 instead of standard normal ones.</summary>
    public bool UniformRandom { get; init; }

    /// <summary>
    /// Of files of texts: what their columns hold, in their order: "text" (once or twice), "score", "label", "tags" or "-" for what is left
    /// out; or "name=role" where there is a header. Null: as a header says.
    /// </summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Of files of texts: the vocab.txt or tokenizer.json that makes token ids; null: there is none.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Of files of texts: tokens that the model takes at most, where it leaves the length open; longer texts are cut. Null: not known.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Of files with two texts in a row: whether each of the two is an item of its own, as embeddings are compared, and not both together one.</summary>
    public bool IsTextPerItem { get; init; }

    /// <summary>From labels in the data to model outputs; items with other labels are left out. Null: labels are outputs.</summary>
    public IReadOnlyDictionary<int, int>? LabelMap { get; init; }

    /// <summary>Number of the model's outputs, for checking labels; null: not checked.</summary>
    public int? Outputs { get; init; }
}
