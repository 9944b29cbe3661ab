using OnnxEdit.Engine;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Serving;

/// <summary>A version in memory. Requests hold it while they need it; when its time is over it goes with the last of them.</summary>
sealed class LoadedVersion
{
    readonly ServableModel _model;
    readonly Batcher _batcher;
    readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _holders = 1;
    int _isRetired;

    volatile DeploymentManifest? _manifest;

    LoadedVersion(ServableModel model, ModelRepository repository, string name, int version, string content, DeploymentManifest? manifest, ServeOptions options)
    {
        (_model, Name, Version, Content, _manifest) = (model, name, version, content, manifest);
        var folder = repository.Folder(name);
        var entry = manifest?.Find(version);
        Inputs = model.Inputs;
        Outputs = entry?.Outputs ?? model.Outputs;
        var own = entry?.MaxBatchSize ?? TritonConfig.MaxBatchSize(folder) ?? 0;
        MaxBatch = own > 0 && model.HasOpenBatch ? Math.Min(own, options.MaxBatch) : 0;
        MaxDelay = options.MaxDelay;
        var labels = Path.Combine(folder, TritonConfig.LabelsFile);
        Labels = File.Exists(labels) ? File.ReadAllLines(labels) : [];
        HistoryJson = model.HistoryJson;
        _batcher = new Batcher(model, MaxBatch, options, Statistics);
    }

    internal string Name { get; }

    internal int Version { get; }

    /// <summary>What its files held when they were read (<see cref="VersionFiles.Content"/>).</summary>
    internal string Content { get; }

    /// <summary>The deployment that names it, as of the last look; null for a model that was put there by other means.</summary>
    internal DeploymentManifest? Manifest
    {
        get => _manifest;
        set => _manifest = value;
    }

    internal IReadOnlyList<ServedTensor> Inputs { get; }

    internal IReadOnlyList<ServedTensor> Outputs { get; }

    /// <summary>Outputs of the model that are not among <see cref="Outputs"/>, each with the reason; usually none.</summary>
    internal IReadOnlyList<string> LeftOut => _model.LeftOut;

    /// <summary>Items per run at most; 0: the shapes hold no batch of their own.</summary>
    internal int MaxBatch { get; }

    internal TimeSpan MaxDelay { get; }

    /// <summary>Names of the classes; empty when not known.</summary>
    internal IReadOnlyList<string> Labels { get; }

    internal string? HistoryJson { get; }

    internal VersionStatistics Statistics { get; } = new();

    internal int Waiting => _batcher.Waiting;

    /// <summary>Reads a version's files, loads what was read, and asks its stored request.</summary>
    /// <param name="repository">Where it lies.</param>
    /// <param name="name">The model.</param>
    /// <param name="version">The version.</param>
    /// <param name="files">Its files.</param>
    /// <param name="learn">Told the model's data files, and how all looked before they were read.</param>
    /// <param name="manifest">The deployment that names it, or null.</param>
    /// <param name="options">Queue, batches, threads.</param>
    /// <exception cref="OnnxEngineException">The files are damaged or give another answer than the stored one.</exception>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses the model.</exception>
    /// <exception cref="IOException">The files cannot be read, or changed meanwhile.</exception>
    internal static LoadedVersion Load(ModelRepository repository, string name, int version, VersionFiles files, Action<IReadOnlyList<string>, string> learn, DeploymentManifest? manifest, ServeOptions options)
    {
        var before = files.Stamp([]);
        using var snapshot = ModelSnapshot.Read(files.ModelPath);
        var all = files.Stamp(snapshot.DataFiles);
        learn(snapshot.DataFiles, all);
        snapshot.CopyData();
        using var execution = ExecutionOptions.Enter(options.Runs.Each);
        var model = snapshot.Open();
        try
        {
            // The first runs are slow; nobody should wait for them.
            GoldenRequest.Check(model, Path.GetDirectoryName(files.ModelPath)!);
            var content = files.Content(snapshot.DataFiles, snapshot.Hashes);
            if (before != files.Stamp([]) || all != files.Stamp(snapshot.DataFiles)) throw new IOException($"The files of '{Path.GetDirectoryName(files.ModelPath)}' change while they are read.");
            return new LoadedVersion(model, repository, name, version, content, manifest, options);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Puts a request into the queue; false when it is full.</summary>
    internal bool TryEnqueue(PendingRequest request) => _batcher.TryEnqueue(request);

    /// <summary>Holds it, unless it is gone already.</summary>
    internal bool TryHold()
    {
        for (var holders = Volatile.Read(ref _holders); holders > 0;)
        {
            var found = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (found == holders) return true;
            holders = found;
        }
        return false;
    }

    /// <summary>Lets it go.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0) _ = UnloadAsync();
    }

    /// <summary>Ends it when the last request has its answer.</summary>
    /// <returns>Done when it is unloaded.</returns>
    internal Task RetireAsync()
    {
        if (Interlocked.Exchange(ref _isRetired, 1) == 0) Release();
        return _gone.Task;
    }

    async Task UnloadAsync()
    {
        await _batcher.DisposeAsync();
        _model.Dispose();
        _gone.SetResult();
    }
}
