namespace OnnxEdit.Surgery.Model;

/// <summary>
/// One edit in a model's history. Only facts that a second run reproduces: no paths, dates, times or machine names.
/// Dictionaries are written sorted by key.
/// </summary>
public sealed record HistoryEntry
{
    /// <summary>The command, for example "slim".</summary>
    public required string Command { get; init; }

    /// <summary>Options as given, without leading dashes: "sparsity" = "0.4". Paths are refused.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>Seed of all random draws, when there were any.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Versions that matter for the bytes: "onnxedit", "onnxruntime" ...</summary>
    public IReadOnlyDictionary<string, string> Versions { get; init; } = new Dictionary<string, string>();

    /// <summary><see cref="OnnxModel.Sha256"/> of the model that was edited.</summary>
    public required string SourceSha256 { get; init; }

    /// <summary>Parameters before the edit.</summary>
    public long? ParametersBefore { get; init; }

    /// <summary>Parameters after the edit.</summary>
    public long? ParametersAfter { get; init; }

    /// <summary>Multiply-accumulates per example before the edit.</summary>
    public long? MacsBefore { get; init; }

    /// <summary>Multiply-accumulates per example after the edit.</summary>
    public long? MacsAfter { get; init; }

    /// <summary>Top-1 accuracy on the test part before the edit, in [0, 1].</summary>
    public double? AccuracyBefore { get; init; }

    /// <summary>Top-1 accuracy on the test part after the edit, in [0, 1].</summary>
    public double? AccuracyAfter { get; init; }

    /// <summary>Further results of the command, for example "forgetAccuracyAfter".</summary>
    public IReadOnlyDictionary<string, double> Results { get; init; } = new Dictionary<string, double>();
}
