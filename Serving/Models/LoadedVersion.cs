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

    LoadedVersion(ServableModel model, ModelRepository repository, string name, int version, DeploymentManifest? manifest, ServeOptions options)
    {
        (_model, Name, Version, Manifest) = (model, name, version, manifest);
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

    /// <summary>The manifest it was loaded by; null for a model that was put there by other means.</summary>
    internal DeploymentManifest? Manifest { get; }

    internal IReadOnlyList<ServedTensor> Inputs { get; }

    internal IReadOnlyList<ServedTensor> Outputs { get; }

    /// <summary>Items per run at most; 0: the shapes hold no batch of their own.</summary>
    internal int MaxBatch { get; }

    internal TimeSpan MaxDelay { get; }

    /// <summary>Names of the classes; empty when not known.</summary>
    internal IReadOnlyList<string> Labels { get; }

    internal string? HistoryJson { get; }

    internal VersionStatistics Statistics { get; } = new();

    internal int Waiting => _batcher.Waiting;

    /// <summary>Loads a version and asks its stored request.</summary>
    /// <exception cref="OnnxEngineException">The files are damaged or give another answer than the stored one.</exception>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses the model.</exception>
    internal static LoadedVersion Load(ModelRepository repository, string name, int version, DeploymentManifest? manifest, ServeOptions options)
    {
        var path = repository.ModelPath(name, version);
        using var execution = ExecutionOptions.Enter(options.Runs.Each);
        var model = ServableModel.Open(path);
        try
        {
            // The first runs are slow; nobody should wait for them.
            GoldenRequest.Check(model, Path.GetDirectoryName(path)!);
            return new LoadedVersion(model, repository, name, version, manifest, options);
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
