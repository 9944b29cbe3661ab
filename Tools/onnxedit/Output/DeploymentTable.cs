using System.Globalization;
using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Cli;

/// <summary>Shows what is in a model repository.</summary>
static class DeploymentTable
{
    /// <summary>Shows what a deployment came to.</summary>
    internal static void Write(CommandContext context, ModelRepository repository, DeployResult result, DeploymentFormat format)
    {
        var (name, version) = (result.Manifest.Name, result.Version);
        var line = ServingFiles.Line(repository, result.Manifest, format);
        if (context.Global.Json)
        {
            context.Output.Json("deploy", 1, new { Repository = repository.Root, result.Version, result.IsActive, AgainstActive = result.Against, result.Notes, Serve = line, Deployment = result.Manifest });
            return;
        }
        context.Output.Line($"wrote {Path.Combine(repository.Folder(name), $"{version.Version}")}");
        if (version.Top1 is { } top1)
            context.Output.Line($"top-1 {Figures.Percent(top1)} % on {Figures.Count(version.Images!.Value)} test items"
                + (result.Against is { } change ? FormattableString.Invariant($", {100 * change.Difference:+0.00;-0.00;0.00} points against the version that was active (standard error {100 * change.StandardError:f2})") : ""));
        else if (result.Measured is { } measured) context.Output.Line(TaskReport.Summary(measured));
        if (version.ParityDifference is { } parity) context.Output.Line(FormattableString.Invariant($"outputs equal the source's: largest relative difference {parity:g2}"));
        if (version.SpeedUp is { } speedUp) context.Output.Line($"{Figures.Ratio(speedUp)} as fast as the version that was active");
        if (version.BatchDifference is { } difference)
            context.Output.Line(difference == 0 ? "batched answers equal single ones bit for bit" : FormattableString.Invariant($"batched answers equal single ones within {difference:g2}"));
        context.Output.Line(result.IsActive
            ? $"{name}: version {version.Version} is active"
            : $"{name}: version {result.Manifest.Active} stays active; to change that: onnxedit deploy --to {repository.Root} --name {name} --activate {version.Version}");
        context.Output.Line($"serve: onnxedit serve {repository.Root}");
        context.Output.Line($"   or: {line}");
    }

    /// <summary>Lists the versions of one model, or of all.</summary>
    internal static void List(CommandContext context, ModelRepository repository, string? name)
    {
        DeploymentManifest[] manifests = name is null
            ? [.. repository.Names.Select(repository.Manifest).OfType<DeploymentManifest>()]
            : [repository.RequireManifest(name)];
        if (context.Global.Json)
        {
            context.Output.Json("deployments", 1, new { Repository = repository.Root, Models = manifests });
            return;
        }
        var table = new ResultTable("model", "version", "<", "<deployed (UTC)", "top-1 %", "max batch", "<edits", "<sha-256");
        foreach (var manifest in manifests)
            foreach (var version in manifest.Versions)
                table.Row(
                    manifest.Name, $"{version.Version}", version.Version == manifest.Active ? "active" : "", version.Deployed.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
                    version.Top1 is { } top1 ? Figures.Percent(top1) : "-", $"{version.MaxBatchSize}",
                    string.Join(", ", version.History?.Select(entry => (string?)entry?["command"] ?? "?") ?? []), version.Sha256[..12]);
        context.Output.Table(table);
        foreach (var manifest in manifests)
            if (repository.VersionsOf(manifest.Name).Except(manifest.Versions.Select(version => version.Version)).ToArray() is { Length: > 0 } strays)
                context.Output.Warn($"'{manifest.Name}' has folders that no deployment finished: {string.Join(", ", strays)}; they are not served and may be deleted.");
    }
}
