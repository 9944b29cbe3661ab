using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>How a model is put into a repository, and what it must satisfy first.</summary>
public sealed record DeployOptions
{
    /// <summary>The repository's folder; made when missing.</summary>
    public required string Repository { get; init; }

    /// <summary>The model's name there.</summary>
    public required string Name { get; init; }

    /// <summary>The server to write for.</summary>
    public DeploymentFormat Format { get; init; }

    /// <summary>Where the cluster finds the repository, for <see cref="DeploymentFormat.KServe"/>, e.g. pvc://models.</summary>
    public string? StorageUri { get; init; }

    /// <summary>Opens a batch that the export fixed at 1 (<see cref="DynamicBatch"/>).</summary>
    public bool OpenBatch { get; init; }

    /// <summary>Items per run at most, where the model has a batch.</summary>
    public int MaxBatchSize { get; init; } = 64;

    /// <summary>A model whose outputs must be equal, within 1e-4 (2e-2 for 16-bit floats); null: none.</summary>
    public OnnxModel? Parity { get; init; }

    /// <summary>
    /// What the version must reach, by name: "require-accuracy" (top-1 in percent at least), "max-drop" (points of the task's metric that may be lost
    /// against the active version), "require-speedup" (times as fast as that version at least, median at batch 1).
    /// </summary>
    public IReadOnlyDictionary<string, double> Gates { get; init; } = new Dictionary<string, double>();

    /// <summary>
    /// What metrics of the model's task must reach on the test items, by their names, e.g. "spearman": at least, or at most for errors;
    /// fractions in percent.
    /// </summary>
    public IReadOnlyDictionary<string, double> Required { get; init; } = new Dictionary<string, double>();

    /// <summary>Whether the new version is served from now on; the first version always is.</summary>
    public bool Activate { get; init; }

    /// <summary>Names of the classes, in the order of the first output; null: not known.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>How pixels become inputs, for clients; null: not known.</summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>The logits, for measuring accuracy; null: found.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>Sizes of what inputs leave open besides the batch, by name.</summary>
    public IReadOnlyDictionary<string, long[]> InputShapes { get; init; } = new Dictionary<string, long[]>();

    /// <summary>How speed is measured.</summary>
    public LatencyOptions Latency { get; init; } = new() { BatchSizes = [1] };

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }
}
