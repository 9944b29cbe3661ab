using System.Text.Json.Nodes;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>What is known of one version in a model repository.</summary>
public sealed record DeployedVersion
{
    /// <summary>Its number, the name of its folder.</summary>
    public required int Version { get; init; }

    /// <summary>SHA-256 of the written model (<see cref="OnnxModel.Sha256"/>).</summary>
    public required string Sha256 { get; init; }

    /// <summary>The same of the file that was deployed; differs where the batch was rewritten or weights were moved.</summary>
    public required string SourceSha256 { get; init; }

    /// <summary>When it was deployed, UTC.</summary>
    public required DateTimeOffset Deployed { get; init; }

    /// <summary>Items per run at most; 0: the shapes hold no batch, or a fixed one.</summary>
    public required int MaxBatchSize { get; init; }

    /// <summary>Largest relative difference between an item's answer alone and in a batch; 0 means bit for bit. Null without a batch.</summary>
    public double? BatchDifference { get; init; }

    /// <summary>The inputs, the batch included.</summary>
    public required IReadOnlyList<ServedTensor> Inputs { get; init; }

    /// <summary>The outputs, the batch included.</summary>
    public required IReadOnlyList<ServedTensor> Outputs { get; init; }

    /// <summary>Accuracy on test images, a fraction of one; null: not measured.</summary>
    public double? Top1 { get; init; }

    /// <summary>All metrics of the model's task on the test items, by name; fractions of one where they are fractions. Null: not measured.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>Number of the test items.</summary>
    public int? Images { get; init; }

    /// <summary>Largest relative difference from the model it must agree with; null: not compared.</summary>
    public double? ParityDifference { get; init; }

    /// <summary>How many times as fast as the version that was active (median, batch 1); null: not measured.</summary>
    public double? SpeedUp { get; init; }

    /// <summary>Versions of the programs that made it.</summary>
    public IReadOnlyDictionary<string, string> Versions { get; init; } = new Dictionary<string, string>();

    /// <summary>The edits it has been through, as its metadata says.</summary>
    public JsonArray? History { get; init; }
}
