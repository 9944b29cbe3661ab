namespace OnnxEdit.Serving;

/// <summary>What is remembered of one version's files: how they looked, since when, what became of loading them, and when to read them again.</summary>
sealed class VersionRecord(int version)
{
    /// <summary>
    /// How long files must look the same to count as written. Until then what is broken may still be on its way, and a second
    /// write need not show: file systems keep times in steps of up to two seconds.
    /// </summary>
    internal static readonly TimeSpan Rest = TimeSpan.FromSeconds(3);

    /// <summary>Files that were written longer ago than this were not written while the server looked, even if clocks differ.</summary>
    static readonly TimeSpan _old = TimeSpan.FromHours(1);

    string _stamp = "";
    DateTimeOffset _since;
    int _failures;

    internal int Version => version;

    /// <summary>Its files of external data, as far as the model file could be read.</summary>
    internal IReadOnlyList<string> DataFiles { get; private set; } = [];

    /// <summary>Why it does not load; null when it does.</summary>
    internal string? Failure { get; private set; }

    /// <summary>When the files are read again even if they look the same.</summary>
    internal DateTimeOffset Again { get; private set; }

    /// <summary>Takes note of how the files look; true when they are to be read.</summary>
    internal bool Look(string stamp, DateTimeOffset now)
    {
        if (stamp != _stamp) (_stamp, _since, _failures, Again) = (stamp, now, 0, now);
        return now >= Again;
    }

    /// <summary>Takes note of the data files that the model names, and of how all looked before they were read.</summary>
    internal void Learn(IReadOnlyList<string> dataFiles, string stamp, DateTimeOffset now)
    {
        if (stamp != _stamp) (DataFiles, _stamp, _since) = (dataFiles, stamp, now);
    }

    /// <summary>Whether the files have looked the same for long enough to count as written.</summary>
    internal bool IsAtRest(DateTimeOffset now) => now >= _since + Rest;

    /// <summary>What the files hold is loaded. Files that were written just now are read once more, when they must have come to rest.</summary>
    internal void Succeed(DateTimeOffset now, DateTimeOffset written) =>
        (Failure, _failures, Again) = (null, 0, IsAtRest(now) || written < now - _old ? DateTimeOffset.MaxValue : _since + Rest);

    /// <summary>It does not load: it is tried again at every look until the files have come to rest, then more and more rarely.</summary>
    /// <param name="reason">Why, a sentence.</param>
    /// <param name="now">The time.</param>
    /// <param name="isReading">True when the files could not be read, which may be over in a moment.</param>
    internal void Fail(string reason, DateTimeOffset now, bool isReading)
    {
        (Failure, Again) = (reason, now);
        if (!IsAtRest(now) && !isReading) return;
        var seconds = isReading ? Math.Min(60, Math.Pow(2, _failures - 1)) : Math.Min(600, 3 * Math.Pow(4, _failures));
        _failures = Math.Min(_failures + 1, 10);
        Again = now + TimeSpan.FromSeconds(seconds);
    }
}
