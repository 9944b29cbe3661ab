using Microsoft.Extensions.Logging;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Surgery;

namespace OnnxEdit.Serving;

/// <summary>
/// Makes a model answer what its files say. A deployment names the version; else it is the highest one that loads. The new one
/// is loaded before the old one goes, and one that does not load changes nothing while there is no better one: files that
/// others are writing are broken for a while.
/// </summary>
sealed partial class VersionSwitch(ModelRepository repository, ServeOptions options, TimeProvider clock, ILogger log)
{
    /// <summary>Looks at a model's files and loads what is new. Calls for one model must not overlap.</summary>
    /// <param name="slot">The model.</param>
    /// <param name="isForced">Reads the files even if they look the same as before.</param>
    internal async Task LookAsync(ModelSlot slot, bool isForced)
    {
        List<VersionFault> faults = [];
        try
        {
            var manifest = repository.Manifest(slot.Name);
            var candidates = manifest is null ? Candidates(slot, isForced) : [manifest.Active];
            slot.Forget(candidates);
            foreach (var version in candidates)
            {
                var record = slot.Record(version);
                if (await TryAsync(slot, record, manifest, isForced)) break;
                faults.Add(new VersionFault(version, record.Failure!, record.Again));
                // Being written over, it seems; what is in memory is better than an earlier version.
                if (slot.Current?.Version == version && !record.IsAtRest(clock.GetUtcNow())) break;
            }
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            if (slot.Failure != e.Message) LogRefused(slot.Name, $"{e.Message} {GoesOn(slot.Current)}");
            faults.Add(new VersionFault(null, e.Message, clock.GetUtcNow()));
        }
        slot.Faults = faults;
    }

    // The highest first. The one that answers is among them when its file has just gone: a file that is replaced is away for a
    // moment. Who asks to load says that the files are there.
    List<int> Candidates(ModelSlot slot, bool isForced)
    {
        var versions = repository.VersionsOf(slot.Name);
        var isAway = !isForced && slot.Current is { } current && !versions.Contains(current.Version) && Directory.Exists(Path.GetDirectoryName(repository.ModelPath(slot.Name, current.Version)));
        return [.. versions.Concat(isAway ? [slot.Current!.Version] : []).OrderDescending()];
    }

    // True when the version answers in the end, as its files say.
    async Task<bool> TryAsync(ModelSlot slot, VersionRecord record, DeploymentManifest? manifest, bool isForced)
    {
        var (now, old) = (clock.GetUtcNow(), slot.Current);
        try
        {
            var files = new VersionFiles(repository.ModelPath(slot.Name, record.Version), manifest?.Find(record.Version));
            var isDue = record.Look(files.Stamp(record.DataFiles), now) || isForced;
            var isCurrent = old?.Version == record.Version;
            if (!isDue && (isCurrent || record.Failure is not null)) return record.Failure is null;
            if (!isCurrent || old!.Content != await Task.Run(() => files.Content(record.DataFiles)))
            {
                void Learn(IReadOnlyList<string> dataFiles, string stamp) => record.Learn(dataFiles, stamp, clock.GetUtcNow());
                slot.Current = await Task.Run(() => LoadedVersion.Load(repository, slot.Name, record.Version, files, Learn, manifest, options));
                LogLoaded(slot.Name, record.Version, old is null ? "" : isCurrent ? ", with what its files hold now" : $" in place of version {old.Version}");
                if (slot.Current.LeftOut.Count > 0) LogLeftOut(slot.Name, record.Version, string.Join(", ", slot.Current.LeftOut));
                if (old is not null) _ = old.RetireAsync();
            }
            slot.Current!.Manifest = manifest;
            record.Succeed(now, files.Written(record.DataFiles));
            return true;
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            // Files that are being copied say something else at every look; one line at the start and one at the end are enough.
            if (record.Failure is null || record.Failure != e.Message && record.IsAtRest(now)) LogRefused(slot.Name, $"version {record.Version} does not load: {e.Message} {GoesOn(slot.Current)}");
            record.Fail(e.Message, now, e is IOException or UnauthorizedAccessException);
            return false;
        }
    }

    // Whatever is in files that others write, it must not end the server.
    static bool IsOfFiles(Exception e) => e is OnnxEditException or IOException or UnauthorizedAccessException or Microsoft.ML.OnnxRuntime.OnnxRuntimeException or OutOfMemoryException or ArgumentException;

    static string GoesOn(LoadedVersion? current) => current is null ? "Nothing answers for now." : $"Version {current.Version} goes on.";

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Name}: version {Version} answers now{How}")]
    partial void LogLoaded(string name, int version, string how);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Model {Name}: version {Version} has outputs that the protocol cannot send and that are left out: {Outputs}")]
    partial void LogLeftOut(string name, int version, string outputs);

    [LoggerMessage(Level = LogLevel.Error, Message = "Model {Name}: {Reason}")]
    partial void LogRefused(string name, string reason);
}
