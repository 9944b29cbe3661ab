using System.Globalization;
using System.Text.Json.Nodes;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Deployment.Gates;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>Publishes models in a repository and says which version is served.</summary>
public static class Deployer
{
    /// <summary>Checks a model and publishes it as the next version. Until the last rename nothing in the repository changes.</summary>
    /// <param name="model">The model, read from a file.</param>
    /// <param name="options">Where to, and the gates.</param>
    /// <param name="images">Labelled test items for the metrics of its task; null: they are not measured.</param>
    /// <param name="progress">Told how far measuring has come.</param>
    /// <param name="cancellation">Ends the work early, leaving nothing behind.</param>
    /// <exception cref="OnnxEngineException">A gate is not passed, or the model cannot be served; nothing was published.</exception>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses the model.</exception>
    public static DeployResult Deploy(
        OnnxModel model, DeployOptions options, ItemSet? images = null, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        ModelRepository.RequireName(options.Name);
        ServingFiles.Require(options.Name, options.Format, options.StorageUri);
        var repository = new ModelRepository(options.Repository, create: true);
        using var held = repository.Lock(options.Name);
        var before = repository.Manifest(options.Name);
        DeploymentGates.Require(options, before is not null, images);
        var stage = repository.Stage(options.Name);
        try
        {
            var version = Math.Max(repository.NextVersion(options.Name), (before?.Versions.Max(v => v.Version) ?? 0) + 1);
            var (entry, gates, notes) = Prepare(model, options, images, repository, before, version, stage, progress, cancellation);
            var manifest = Publish(repository, options, before, entry, stage);
            return new DeployResult(entry, manifest, gates.Change, notes) { Measured = gates.Own };
        }
        finally
        {
            if (Directory.Exists(stage)) Directory.Delete(stage, recursive: true);
        }
    }

    /// <summary>Serves another version from now on.</summary>
    /// <exception cref="OnnxEngineException">There is no such version, or its files were changed.</exception>
    public static DeploymentManifest Activate(ModelRepository repository, string name, int version)
    {
        using var held = repository.Lock(name);
        var manifest = repository.RequireManifest(name);
        if (manifest.Find(version) is null)
            throw new OnnxEngineException(ErrorKind.Usage, $"'{name}' has no version {version}; it has {string.Join(", ", manifest.Versions.Select(v => v.Version))}.");
        if (manifest.Active == version) return manifest;
        return Commit(repository, manifest with { Active = version, Earlier = [.. manifest.Earlier, manifest.Active] });
    }

    /// <summary>Serves the version again that was active before.</summary>
    /// <exception cref="OnnxEngineException">There was none (<see cref="ErrorKind.Usage"/>).</exception>
    public static DeploymentManifest Rollback(ModelRepository repository, string name)
    {
        using var held = repository.Lock(name);
        var manifest = repository.RequireManifest(name);
        if (manifest.Earlier.Count == 0)
            throw new OnnxEngineException(ErrorKind.Usage, $"No version of '{name}' was active before {manifest.Active}; choose one with Deployer.Activate.");
        return Commit(repository, manifest with { Active = manifest.Earlier[^1], Earlier = [.. manifest.Earlier.SkipLast(1)] });
    }

    static DeploymentManifest Commit(ModelRepository repository, DeploymentManifest manifest)
    {
        using (var model = ServableModel.Open(repository.ModelPath(manifest.Name, manifest.Active)))
            GoldenRequest.Check(model, Path.GetDirectoryName(repository.ModelPath(manifest.Name, manifest.Active))!);
        // deployment.json decides; the other files follow from it and are written again by the next call.
        manifest.Write(repository.Folder(manifest.Name));
        ServingFiles.Write(repository, manifest, DeploymentFormat.Triton, null);
        return manifest;
    }

    static (DeployedVersion Entry, GateMeasurements Gates, IReadOnlyList<string> Notes) Prepare(
        OnnxModel model, DeployOptions options, ItemSet? images, ModelRepository repository, DeploymentManifest? before, int version, string stage,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var path = Path.Combine(stage, ModelRepository.ModelFile);
        if (options.OpenBatch) DynamicBatch.Open(model, options.InputShapes).Save(path, cancellation: cancellation);
        else if (model.Path is null || model.DataFiles.Count > 0) model.Save(path, cancellation: cancellation);
        else File.Copy(model.Path, path);
        var written = OnnxModel.Load(path);
        using var served = ServableModel.Open(path, model.Path ?? options.Name);
        IReadOnlyList<TensorValue> Item(int number) => GoldenRequest.Inputs(served.Inputs, written.Proto, options.InputShapes, number);

        List<string> notes = served.LeftOut.Count == 0 ? [] : [$"Not served, since the protocol cannot send {(served.LeftOut.Count == 1 ? "it" : "them")}: {string.Join(", ", served.LeftOut)}."];
        var golden = Item(0);
        var answer = served.Run(golden, null, cancellation);
        GoldenRequest.Write(stage, golden, answer);
        var batch = BatchCheck.Run(served, Item, cancellation);
        if (options.OpenBatch && !batch.IsBatch) throw new OnnxEngineException(ErrorKind.VerificationFailed, $"The batch of the model cannot be opened: {batch.Reason}; deploy it without DeployOptions.OpenBatch.");
        if (!batch.IsBatch) notes.Add($"Requests are not put together: {batch.Reason}{(served.HasOpenBatch ? "" : " (DeployOptions.OpenBatch opens a batch of 1)")}.");
        else if (batch.Difference > 0) notes.Add(FormattableString.Invariant($"An item's answer depends on the batch it runs in by up to {batch.Difference:g2} (relative); serve with DeployOptions.MaxBatchSize = 1 where every bit counts."));

        double? parity = options.Parity is null ? null : ParityCheck.Run(served, options.Parity, Item, cancellation);
        var active = before is null ? null : OnnxModel.Load(repository.ModelPath(options.Name, before.Active));
        var measured = new GateMeasurements(written, active, images, options, progress, cancellation);
        DeploymentGates.Pass(options, measured);
        var entry = new DeployedVersion
        {
            Version = version,
            Sha256 = written.Sha256,
            SourceSha256 = model.Sha256,
            Deployed = DateTimeOffset.UtcNow,
            MaxBatchSize = batch.IsBatch ? options.MaxBatchSize : 0,
            BatchDifference = batch.IsBatch ? batch.Difference : null,
            Inputs = served.Inputs,
            Outputs = [.. served.Outputs.Zip(answer, (output, value) => Declared(output, value, batch.IsBatch))],
            Top1 = measured.Own?.Classification?.Top1,
            Metrics = measured.Own?.Metrics.ToDictionary(metric => metric.Name, metric => metric.Value),
            Images = measured.Own?.Items,
            ParityDifference = parity,
            SpeedUp = measured.MeasuredSpeedUp?.Median,
            Versions = EngineVersions.Current,
            History = served.HistoryJson is { } history ? JsonNode.Parse(history) as JsonArray : null,
        };
        return (entry, measured, notes);
    }

    // What the file leaves open and a run has shown. An extent that is open in the file stays open.
    static ServedTensor Declared(ServedTensor output, TensorValue value, bool isBatch) =>
        output with { Shape = output.Shape.Count == value.Shape.Length ? [.. output.Shape.Select((e, axis) => axis == 0 && isBatch ? -1 : e)] : [.. value.Shape.Select((e, axis) => axis == 0 && isBatch ? -1 : e)] };

    static DeploymentManifest Publish(ModelRepository repository, DeployOptions options, DeploymentManifest? before, DeployedVersion entry, string stage)
    {
        var activates = before is null || options.Activate;
        var manifest = new DeploymentManifest
        {
            Name = options.Name,
            Active = activates ? entry.Version : before!.Active,
            Earlier = before is null ? [] : activates ? [.. before.Earlier, before.Active] : before.Earlier,
            Preprocessing = options.Preprocessing ?? before?.Preprocessing,
            Versions = [.. before?.Versions ?? [], entry],
        };
        var folder = repository.Folder(options.Name);
        Directory.CreateDirectory(folder);
        if (options.Labels is { } labels) AtomicFile.WriteText(Path.Combine(folder, TritonConfig.LabelsFile), string.Concat(labels.Select(label => label.ReplaceLineEndings(" ") + "\n")), overwrite: true);
        Directory.Move(stage, Path.Combine(folder, entry.Version.ToString(CultureInfo.InvariantCulture)));
        manifest.Write(folder);
        ServingFiles.Write(repository, manifest, options.Format, options.StorageUri);
        return manifest;
    }
}
