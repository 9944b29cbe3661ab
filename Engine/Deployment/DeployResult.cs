using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Deployment;

/// <summary>What a deployment came to.</summary>
/// <param name="Version">The new version.</param>
/// <param name="Manifest">The model's versions now.</param>
/// <param name="Against">Accuracy of the new version minus that of the one that was active, on the same images; null: not measured.</param>
/// <param name="Notes">What the reader should know, each a sentence.</param>
public sealed record DeployResult(DeployedVersion Version, DeploymentManifest Manifest, PairedDifference? Against, IReadOnlyList<string> Notes)
{
    /// <summary>Whether the new version is the one that is served.</summary>
    public bool IsActive => Manifest.Active == Version.Version;

    /// <summary>How good the new version is at its task; null: not measured.</summary>
    internal TaskMeasurement? Measured { get; init; }
}
