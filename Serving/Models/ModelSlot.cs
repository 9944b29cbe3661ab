namespace OnnxEdit.Serving;

/// <summary>A model's place in the server: which version answers now, and what became of the last try to change that.</summary>
sealed class ModelSlot(string name)
{
    readonly Dictionary<int, VersionRecord> _records = [];
    volatile LoadedVersion? _current;
    volatile IReadOnlyList<VersionFault> _faults = [];

    internal string Name => name;

    /// <summary>The version that answers; null: none.</summary>
    internal LoadedVersion? Current
    {
        get => _current;
        set => _current = value;
    }

    /// <summary>The versions that should answer and do not load, as of the last look; the one that should most first.</summary>
    internal IReadOnlyList<VersionFault> Faults
    {
        get => _faults;
        set => _faults = value;
    }

    /// <summary>Why what should answer does not; null when it does.</summary>
    internal string? Failure => Faults is [var first, ..] ? first.Reason : null;

    /// <summary>True after an unload call, until a load call.</summary>
    internal bool IsUnloaded { get; set; }

    /// <summary>Since when no version has a model file; null: one has.</summary>
    internal DateTimeOffset? EmptySince { get; set; }

    /// <summary>What is remembered of a version. For the one who looks at the files, as is all below.</summary>
    internal VersionRecord Record(int version) => _records.TryGetValue(version, out var record) ? record : _records[version] = new VersionRecord(version);

    /// <summary>Forgets all other versions.</summary>
    internal void Forget(IReadOnlyList<int> except)
    {
        foreach (var version in _records.Keys.Except(except).ToArray()) _records.Remove(version);
    }
}
