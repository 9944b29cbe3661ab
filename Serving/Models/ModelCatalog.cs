using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Surgery;

namespace OnnxEdit.Serving;

/// <summary>
/// The models that are served. A change of version loads the new one, lets it answer from one moment to the next, and
/// drains the old one; a version that does not load or does not give its stored answer changes nothing.
/// </summary>
sealed partial class ModelCatalog(ModelRepository repository, ServeOptions options, ILogger<ModelCatalog> log) : IAsyncDisposable
{
    readonly ConcurrentDictionary<string, ModelSlot> _slots = new(StringComparer.Ordinal);
    readonly SemaphoreSlim _one = new(1);

    /// <summary>All models, sorted by name.</summary>
    internal IReadOnlyList<ModelSlot> Slots => [.. _slots.Values.OrderBy(slot => slot.Name, StringComparer.Ordinal)];

    /// <summary>Holds the version that answers; the caller releases it.</summary>
    /// <param name="name">The model.</param>
    /// <param name="version">The version asked for; null or empty: the active one.</param>
    /// <exception cref="RequestRefused">It is not served.</exception>
    internal LoadedVersion Hold(string name, string? version)
    {
        if (!_slots.TryGetValue(name, out var slot)) throw RequestRefused.NotFound($"There is no model '{Shown(name)}' here; POST /v2/repository/index lists those there are.");
        while (true)
        {
            var current = slot.Current ?? throw RequestRefused.NotFound($"The model '{name}' is not loaded{(slot.Failure is { } failure ? $": {failure}" : $"; POST /v2/repository/models/{name}/load loads it.")}");
            if (!string.IsNullOrEmpty(version) && version != $"{current.Version}")
                throw RequestRefused.NotFound($"Version '{Shown(version)}' of '{name}' is not served; {current.Version} is.");
            if (current.TryHold()) return current;
            // It was replaced between the two lines above; the slot has its successor, or none.
        }
    }

    /// <summary>Loads what the repository says is active. Where that is served already, nothing happens.</summary>
    /// <exception cref="RequestRefused">There is no such model, or it does not load.</exception>
    internal async Task LoadAsync(string name)
    {
        if (!ModelRepository.IsName(name) || !repository.Names.Contains(name)) throw RequestRefused.NotFound($"There is no model '{Shown(name)}' in the repository.");
        await _one.WaitAsync();
        try
        {
            var slot = _slots.GetOrAdd(name, key => new ModelSlot(key));
            slot.IsUnloaded = false;
            if (!await LoadAsync(slot)) throw RequestRefused.Bad($"The model '{name}' does not load: {slot.Failure}");
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Takes a model out of service when its requests are answered.</summary>
    /// <exception cref="RequestRefused">There is no such model.</exception>
    internal async Task UnloadAsync(string name)
    {
        if (!_slots.TryGetValue(name, out var slot)) throw RequestRefused.NotFound($"There is no model '{Shown(name)}' here.");
        await _one.WaitAsync();
        try
        {
            slot.IsUnloaded = true;
            await RetireAsync(slot);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Looks for models that are new, changed or gone.</summary>
    internal async Task RefreshAsync()
    {
        await _one.WaitAsync();
        try
        {
            var names = repository.Names;
            foreach (var slot in _slots.Values.Where(slot => !names.Contains(slot.Name)).ToArray())
            {
                await RetireAsync(slot);
                _slots.TryRemove(slot.Name, out _);
                LogGone(slot.Name);
            }
            foreach (var name in names)
            {
                var slot = _slots.GetOrAdd(name, key => new ModelSlot(key));
                if (!slot.IsUnloaded && slot.Stamp != Stamp(name)) await LoadAsync(slot);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(e.Message);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Ends all models when their requests are answered.</summary>
    public async ValueTask DisposeAsync() => await Task.WhenAll(Slots.Select(RetireAsync));

    async Task<bool> LoadAsync(ModelSlot slot)
    {
        try
        {
            var stamp = Stamp(slot.Name);
            var manifest = repository.Manifest(slot.Name);
            var version = manifest?.Active ?? repository.LatestVersion(slot.Name);
            slot.Stamp = stamp;
            var old = slot.Current;
            if (old?.Version == version && old.Manifest?.ActiveVersion.Sha256 == manifest?.ActiveVersion.Sha256)
            {
                slot.Failure = null;
                return true;
            }
            slot.Current = await Task.Run(() => LoadedVersion.Load(repository, slot.Name, version, manifest, options));
            slot.Failure = null;
            LogLoaded(slot.Name, version, old?.Version ?? 0);
            if (old is not null) _ = old.RetireAsync();
            return true;
        }
        catch (Exception e) when (e is OnnxEditException or IOException or UnauthorizedAccessException)
        {
            slot.Failure = e.Message;
            LogRefused(slot.Name, e.Message, slot.Current?.Version ?? 0);
            return false;
        }
    }

    static async Task RetireAsync(ModelSlot slot)
    {
        var old = slot.Current;
        slot.Current = null;
        if (old is not null) await old.RetireAsync();
    }

    // Changes with every activation: the manifest is replaced as a whole. Without one, the versions themselves are what can change.
    string Stamp(string name)
    {
        var file = new FileInfo(Path.Combine(repository.Folder(name), DeploymentManifest.FileName));
        return file.Exists ? $"{file.LastWriteTimeUtc.Ticks}/{file.Length}" : string.Join('/', repository.VersionsOf(name));
    }

    // What callers send is shown cut and without control characters.
    static string Shown(string text) => new([.. text.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Name}: version {Version} answers now, after {Previous}")]
    partial void LogLoaded(string name, int version, int previous);

    [LoggerMessage(Level = LogLevel.Error, Message = "Model {Name} does not load: {Reason} Version {Previous} goes on")]
    partial void LogRefused(string name, string reason, int previous);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Model {Name} is gone from the repository")]
    partial void LogGone(string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "The repository cannot be read: {Reason}")]
    partial void LogUnreadable(string reason);
}
