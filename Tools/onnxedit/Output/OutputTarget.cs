using OnnxEdit.Engine;

namespace OnnxEdit.Cli;

/// <summary>Where a command writes its result; checked before the work starts, not after an hour of it.</summary>
static class OutputTarget
{
    /// <summary>The path to write to: as given, or "NAME.VERB.onnx" beside the model.</summary>
    /// <exception cref="OnnxEngineException">It is the model itself, exists without --force, or its folder cannot be written to.</exception>
    internal static string Resolve(string? given, string modelPath, string verb, bool force)
    {
        var path = given ?? Path.Combine(Path.GetDirectoryName(modelPath) ?? "", $"{Path.GetFileNameWithoutExtension(modelPath)}.{verb}.onnx");
        if (Path.GetFullPath(path) == Path.GetFullPath(modelPath))
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' is the model itself, which is never overwritten; name another file with -o.");
        Require(path, force);
        return path;
    }

    /// <summary>Checks that a file can be written.</summary>
    /// <inheritdoc cref="Resolve"/>
    internal static void Require(string path, bool force)
    {
        if (Directory.Exists(path))
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' is a folder; name a file.");
        if (File.Exists(path) && !force)
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' exists; add --force to replace it, or name another file with -o.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw new OnnxEngineException(ErrorKind.Usage, $"The folder '{folder}' does not exist; make it first.");
        try
        {
            // Permissions are best asked by trying.
            File.Create(Path.Combine(folder, $".onnxedit-{Guid.NewGuid():N}"), 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new OnnxEngineException(ErrorKind.Usage, $"The folder '{folder}' cannot be written to; name another place with -o.", e);
        }
    }
}
