using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>
/// The models that are served. A change of version loads the new one, lets it answer from one moment to the next, and
/// drains the old one (<see cref="VersionSwitch"/>).
/// </summary>
sealed partial class ModelCatalog(ModelRepository repository, ServeOptions options, TimeProvider clock, ILogger<ModelCatalog> log) : IAsyncDisposable
{
    readonly VersionSwitch _switch = new(repository, options, clock, log);
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

    /// <summary>Reads what the repository says is active, and loads it unless that is what answers already.</summary>
    /// <exception cref="RequestRefused">There is no such model, or it does not load.</exception>
    internal async Task LoadAsync(string name)
    {
        if (!ModelRepository.IsName(name) || !repository.Names.Contains(name)) throw RequestRefused.NotFound($"There is no model '{Shown(name)}' in the repository.");
        await _one.WaitAsync();
        try
        {
            var slot = _slots.GetOrAdd(name, key => new ModelSlot(key));
            slot.IsUnloaded = false;
            await _switch.LookAsync(slot, isForced: true);
            if (slot.Failure is { } failure) throw RequestRefused.Bad($"The model '{name}' does not load: {failure}");
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
            (slot.IsUnloaded, slot.Faults) = (true, []);
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
            foreach (var slot in _slots.Values.Where(slot => !names.Contains(slot.Name) && IsGone(slot)).ToArray())
            {
                await RetireAsync(slot);
                _slots.TryRemove(slot.Name, out _);
                LogGone(slot.Name);
            }
            foreach (var name in names)
            {
                var slot = _slots.GetOrAdd(name, key => new ModelSlot(key));
                slot.EmptySince = null;
                if (!slot.IsUnloaded) await _switch.LookAsync(slot, isForced: false);
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

    // A file that is replaced is away for a moment; its folder is not.
    bool IsGone(ModelSlot slot) => slot.Current is not { } current || !Directory.Exists(Path.GetDirectoryName(repository.ModelPath(slot.Name, current.Version)))
        || (slot.EmptySince ??= clock.GetUtcNow()) + VersionRecord.Rest <= clock.GetUtcNow();

    static async Task RetireAsync(ModelSlot slot)
    {
        var old = slot.Current;
        slot.Current = null;
        if (old is not null) await old.RetireAsync();
    }

    // What callers send is shown cut and without control characters.
    static string Shown(string text) => new([.. text.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Model {Name} is gone from the repository")]
    partial void LogGone(string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "The repository cannot be read: {Reason}")]
    partial void LogUnreadable(string reason);
}
