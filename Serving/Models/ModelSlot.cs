namespace OnnxEdit.Serving;

/// <summary>A model's place in the server: which version answers now, and what became of the last try to change that.</summary>
sealed class ModelSlot(string name)
{
    volatile LoadedVersion? _current;

    internal string Name => name;

    /// <summary>The version that answers; null: none.</summary>
    internal LoadedVersion? Current
    {
        get => _current;
        set => _current = value;
    }

    /// <summary>Why the last load failed; null when it did not.</summary>
    internal string? Failure { get; set; }

    /// <summary>True after an unload call, until a load call.</summary>
    internal bool IsUnloaded { get; set; }

    /// <summary>What the repository looked like when it was last loaded from, to notice changes.</summary>
    internal string? Stamp { get; set; }
}
