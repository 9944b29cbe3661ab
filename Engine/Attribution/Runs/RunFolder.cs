using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>
/// A folder, most often on a shared disk, in which many machines gather the work of one run: manifest.json, and in chunks/
/// one file per chunk. Nobody locks anything: a chunk is there, whole, or it is not.
/// </summary>
sealed class RunFolder
{
    const string ManifestName = "manifest.json", ChunkFolder = "chunks", SumsName = "sums.safetensors", Extension = ".safetensors";

    RunFolder(string path, RunManifest manifest, string sha256, AttributionWork work) => (Path, Manifest, Sha256, Work) = (path, manifest, sha256, work);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>What the run does.</summary>
    public RunManifest Manifest { get; }

    /// <summary>SHA-256 of the manifest; every chunk carries it.</summary>
    public string Sha256 { get; }

    /// <summary>The chunks.</summary>
    public AttributionWork Work { get; }

    /// <summary>Where sums over all chunks are kept.</summary>
    public string SumsPath => System.IO.Path.Combine(Path, SumsName);

    internal string Chunks => System.IO.Path.Combine(Path, ChunkFolder);

    /// <summary>Makes the folder, or opens it where the same run is planned in it already.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="manifest">The run.</param>
    /// <exception cref="OnnxEngineException">Another run is planned in it, or it holds other files (<see cref="ErrorKind.Usage"/>).</exception>
    public static RunFolder Create(string path, RunManifest manifest)
    {
        var (file, text) = (System.IO.Path.Combine(path, ManifestName), manifest.ToJson());
        if (File.Exists(file))
        {
            // An earlier version may have written the same run in other words.
            if (Open(path) is var planned && planned.Manifest.ToJson() == text) return planned;
            throw new OnnxEngineException(ErrorKind.Usage, $"Another run is planned in '{path}' (another model, other examples or options); name another folder, or remove this one.");
        }
        if (File.Exists(path) || Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' exists and is no run of attributions; name another folder.");
        Directory.CreateDirectory(System.IO.Path.Combine(path, ChunkFolder));
        AtomicFile.WriteText(file, text, durable: true);
        return Open(path);
    }

    /// <summary>Opens a folder.</summary>
    /// <exception cref="OnnxEngineException">No run is planned in it (<see cref="ErrorKind.Usage"/>), or its manifest is damaged or of another version (<see cref="ErrorKind.Data"/>).</exception>
    public static RunFolder Open(string path)
    {
        var file = System.IO.Path.Combine(path, ManifestName);
        if (!File.Exists(file)) throw new OnnxEngineException(ErrorKind.Usage, $"There is no run in '{path}'; plan one with RunFolder.Create(path) = {path}.");
        try
        {
            var text = File.ReadAllBytes(file);
            var manifest = RunManifest.Parse(text);
            if (manifest.Schema != RunManifest.Version) throw new JsonException($"it is of version {manifest.Schema}, here {RunManifest.Version} is read");
            var work = manifest.Work();
            if ((work.Passes, work.Ablations, work.Chunks.Count) != (manifest.Passes, manifest.Ablations, manifest.Chunks)) throw new JsonException("its numbers of passes, ablations and chunks do not follow from its options");
            return new RunFolder(path, manifest, Convert.ToHexStringLower(SHA256.HashData(text)), work);
        }
        catch (JsonException e)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{file}' cannot be used: {e.Message.TrimEnd('.')}; plan the run anew in another folder.", e);
        }
    }

    /// <summary>The file of a chunk.</summary>
    public string ChunkPath(int number) => System.IO.Path.Combine(Chunks, number.ToString("D6", CultureInfo.InvariantCulture) + Extension);

    /// <summary>A name for a chunk that was run elsewhere, too, with another result.</summary>
    internal string CopyPath(int number, string host) => System.IO.Path.Combine(Chunks, FormattableString.Invariant($"{number:D6}.{host}-{Environment.ProcessId}{Extension}"));

    /// <summary>All files of chunks by number; the first of each is the one that counts, and copies have longer names.</summary>
    internal ILookup<int, string> Files() => Directory.EnumerateFiles(Chunks, $"*{Extension}").OrderBy(f => f.Length).ThenBy(f => f, StringComparer.Ordinal)
        .Select(f => (Path: f, Number: int.TryParse(System.IO.Path.GetFileName(f).Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1))
        .ToLookup(f => f.Number, f => f.Path);
}
