using System.Globalization;
using System.Text;
using System.Text.Json;
using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>The files that make a version what it is, written by others at any time, and what tells one state of them from another.</summary>
sealed class VersionFiles
{
    readonly string _folder;
    readonly string _entry;
    readonly string[] _fixed;

    /// <summary>Names them; nothing is read yet.</summary>
    /// <param name="modelPath">The version's model file.</param>
    /// <param name="entry">What the deployment says of the version; null where there is none.</param>
    internal VersionFiles(string modelPath, DeployedVersion? entry)
    {
        (_folder, ModelPath) = (Path.GetDirectoryName(modelPath)!, modelPath);
        _entry = entry is null ? "" : JsonSerializer.Serialize(entry, DeploymentManifest.Json);
        string Above(string name) => Path.Combine("..", name);
        _fixed = [Path.GetFileName(modelPath), GoldenRequest.RequestFile, GoldenRequest.ResponseFile, Above(TritonConfig.LabelsFile)];
        // A deployment says how large batches are by itself, and writes this file last.
        if (entry is null) _fixed = [.. _fixed, Above(TritonConfig.FileName)];
    }

    internal string ModelPath { get; }

    /// <summary>
    /// How the files look from outside: name, size and time of each. Cheap, and asked at every look. The times of the folders tell
    /// files that were moved here, of the same size and with an old time, from those before.
    /// </summary>
    /// <param name="dataFiles">The files of external data, as far as they are known.</param>
    internal string Stamp(IReadOnlyList<string> dataFiles)
    {
        var stamp = new StringBuilder(_entry);
        stamp.Append(CultureInfo.InvariantCulture, $"\n{Directory.GetLastWriteTimeUtc(_folder).Ticks}/{Directory.GetLastWriteTimeUtc(Path.GetDirectoryName(_folder)!).Ticks}");
        foreach (var name in _fixed.Concat(dataFiles))
        {
            var file = Behind(name);
            stamp.Append(CultureInfo.InvariantCulture, $"\n{name}/{(file.Exists ? $"{file.Length}/{file.LastWriteTimeUtc.Ticks}" : "-")}");
        }
        return stamp.ToString();
    }

    /// <summary>When the latest of them was written.</summary>
    /// <inheritdoc cref="Stamp"/>
    internal DateTime Written(IReadOnlyList<string> dataFiles) => _fixed.Concat(dataFiles).Select(Behind).Where(file => file.Exists).Max(file => (DateTime?)file.LastWriteTimeUtc) ?? default;

    /// <summary>What the files hold: the hash of each.</summary>
    /// <param name="dataFiles">The files of external data.</param>
    /// <param name="known">Hashes of what was read already, by name.</param>
    /// <exception cref="IOException">One cannot be read.</exception>
    internal string Content(IReadOnlyList<string> dataFiles, IReadOnlyDictionary<string, string>? known = null) =>
        _entry + string.Concat(_fixed.Concat(dataFiles).Select(name => $"\n{name}={known?.GetValueOrDefault(name) ?? ModelSnapshot.HashOf(Path.Combine(_folder, name))}"));

    // Folders that a cluster mounts are full of links, which keep their own time when what they point to changes.
    FileInfo Behind(string name)
    {
        var file = new FileInfo(Path.Combine(_folder, name));
        return file.Exists ? file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file : file;
    }
}
