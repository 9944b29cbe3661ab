namespace OnnxEdit.EndToEnd;

/// <summary>Waits for files or folders that a process makes in a folder or below it; made before the process starts.</summary>
sealed class FolderWatch : IDisposable
{
    readonly FileSystemWatcher _watcher;
    readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Func<string, bool> _isWanted;
    int _missing;

    /// <summary>Begins to watch.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="isWanted">Which names to wait for.</param>
    /// <param name="count">How many of them have to appear.</param>
    internal FolderWatch(string folder, Func<string, bool> isWanted, int count = 1)
    {
        (_isWanted, _missing) = (isWanted, count);
        _watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = true, NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName };
        _watcher.Created += (_, change) => Look(change.FullPath);
        _watcher.Renamed += (_, change) => Look(change.FullPath);
        _watcher.Error += (_, error) => _seen.TrySetException(error.GetException());
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Waits until all have appeared.</summary>
    /// <param name="process">Who makes them; its end fails the test.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal async Task SeenAsync(System.Diagnostics.Process process, CancellationToken cancellation)
    {
        var end = process.WaitForExitAsync(cancellation);
        if (await Task.WhenAny(_seen.Task, end) == end && !_seen.Task.IsCompleted)
        {
            await end;
            throw new InvalidOperationException($"The process ended with {process.ExitCode} and {_missing} of what it should have made is missing.");
        }
        await _seen.Task;
    }

    /// <inheritdoc/>
    public void Dispose() => _watcher.Dispose();

    void Look(string path)
    {
        if (_isWanted(Path.GetFileName(path)) && Interlocked.Decrement(ref _missing) == 0) _seen.TrySetResult();
    }
}
