using OnnxEdit.Engine;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Where a command writes its result; checked before the work starts, not after an hour of it.</summary>
static class OutputTarget
{
    /// <summary>The path to write to: as given, or "NAME.VERB.onnx" beside the model.</summary>
    /// <exception cref="OnnxEngineException">It belongs to the model, exists without --force, or its folder cannot be written to.</exception>
    internal static string Resolve(string? given, ModelAndData inputs, string verb, bool force)
    {
        var path = given ?? Path.Combine(Path.GetDirectoryName(inputs.Path) ?? "", $"{Path.GetFileNameWithoutExtension(inputs.Path)}.{verb}.onnx");
        Require(path, inputs.Model, force);
        return path;
    }

    /// <summary>Checks that a file can be written that is no part of a model.</summary>
    /// <inheritdoc cref="Resolve"/>
    internal static void Require(string path, OnnxModel model, bool force)
    {
        // --force is about old results; the model itself is never replaced.
        if (model.DataFiles.Prepend(model.Path!).Any(source => Real(source) == Real(path)))
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' belongs to the model and is never overwritten; choose another name.");
        Require(path, force);
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

    static string Real(string path) =>
        (File.Exists(path) ? new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName : null) ?? Path.GetFullPath(path);
}
