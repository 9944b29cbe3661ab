using Google.Protobuf;

namespace OnnxEdit.Surgery.Model;

/// <summary>Writes a model so that the target is either complete or untouched.</summary>
static class ModelWriter
{
    /// <summary>Above this many bytes the tensors go to a data file: protobuf ends at 2 GB.</summary>
    internal const long LargestInline = 1_900_000_000;

    internal static void Write(OnnxModel model, string path, bool overwrite, CancellationToken cancellation)
    {
        ModelValidator.Check(model.Proto);
        var target = Target(path);
        var external = model.DataFiles.Count > 0
            || ModelCounts.ByteCount(model.Proto) > LargestInline;
        var data = external ? target + ".data" : null;
        foreach (var file in new[] { target, data })
            if (file is not null) Refuse(file, model, overwrite);

        var mark = $".{Guid.NewGuid():N}.tmp";
        try
        {
            var proto = model.Proto;
            if (data is not null)
            {
                // Shares the tensors' bytes; only the references to them are changed.
                proto = proto.Clone();
                using var stream = Create(data + mark);
                ExternalData.Write(proto, stream, Path.GetFileName(data), cancellation);
                stream.Flush(flushToDisk: true);
            }
            cancellation.ThrowIfCancellationRequested();
            using (var stream = Create(target + mark))
            {
                proto.WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }
            cancellation.ThrowIfCancellationRequested();
            Publish(target, data, mark, overwrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OnnxSurgeryException($"'{path}' cannot be written ({e.Message.TrimEnd('.')}); free space or choose another folder.", e);
        }
        finally
        {
            File.Delete(target + mark);
            if (data is not null) File.Delete(data + mark);
        }
    }

    static string Target(string path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0', StringComparison.Ordinal))
            throw new OnnxSurgeryException("The output path is empty; give a file name.");
        var target = Path.GetFullPath(path);
        if (Directory.Exists(target) || Path.EndsInDirectorySeparator(path))
            throw new OnnxSurgeryException($"'{path}' is a folder; give a file name inside it.");
        if (!Directory.Exists(Path.GetDirectoryName(target)))
            throw new OnnxSurgeryException($"The folder of '{path}' does not exist; create it or choose another.");
        // Renaming onto a device would replace it.
        if (target.StartsWith("/dev/", StringComparison.Ordinal))
            throw new OnnxSurgeryException($"'{path}' is a device; give a file name.");
        return target;
    }

    static void Refuse(string file, OnnxModel model, bool overwrite)
    {
        if (!Path.Exists(file)) return;
        var sources = model.Path is null ? model.DataFiles : [model.Path, .. model.DataFiles];
        if (sources.Any(s => Path.Exists(s) && Real(s) == Real(file)))
            throw new OnnxSurgeryException($"'{file}' belongs to the model being edited and is never overwritten; choose another name.");
        if (Directory.Exists(file))
            throw new OnnxSurgeryException($"'{file}' is a folder and stands in the way; choose another name.");
        if (!overwrite)
            throw new OnnxSurgeryException($"'{file}' already exists; choose another name or allow overwriting.");
    }

    /// <summary>The full path behind links in any part of the path.</summary>
    static string Real(string path)
    {
        var full = Path.GetFullPath(path);
        if (Path.GetDirectoryName(full) is not { } parent) return full;
        var info = Directory.Exists(full) ? (FileSystemInfo)new DirectoryInfo(full) : new FileInfo(full);
        return info.ResolveLinkTarget(returnFinalTarget: true) is { } final
            ? Real(final.FullName)
            : Path.Combine(Real(parent), Path.GetFileName(full));
    }

    static FileStream Create(string path) => new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);

    // Two renames cannot be one: if the second fails, the first is undone.
    static void Publish(string target, string? data, string mark, bool overwrite)
    {
        var backup = data is not null && File.Exists(data) ? data + mark + ".old" : null;
        if (backup is not null) File.Move(data!, backup);
        try
        {
            if (data is not null) File.Move(data + mark, data, overwrite: false);
            File.Move(target + mark, target, overwrite);
        }
        catch
        {
            if (data is not null && !File.Exists(data + mark)) File.Delete(data);
            if (backup is not null) File.Move(backup, data!);
            throw;
        }
        if (backup is not null) File.Delete(backup);
    }
}
