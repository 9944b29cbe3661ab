using System.IO.Compression;
using System.Text;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Arrays;

/// <summary>Reads a zip of .npy arrays (NumPy's .npz), which may hold text files besides.</summary>
sealed class NpzFile : IDisposable
{
    readonly ZipArchive _zip;
    readonly string _path;

    NpzFile(ZipArchive zip, string path)
    {
        _zip = zip;
        _path = path;
        Keys = [.. zip.Entries.Where(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal)).Select(entry => entry.FullName[..^4])];
    }

    /// <summary>Names of the arrays, in the order of the file.</summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="OnnxEngineException">The file is missing or no zip (<see cref="ErrorKind.Data"/>).</exception>
    public static NpzFile Open(string path)
    {
        try
        {
            return new NpzFile(new ZipArchive(File.OpenRead(path), ZipArchiveMode.Read), path);
        }
        catch (Exception inner) when (inner is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"Cannot read '{path}' as a zip of arrays: {inner.Message}", inner);
        }
    }

    /// <summary>Reads one array into memory.</summary>
    /// <exception cref="OnnxEngineException">There is no such array, or it is damaged or of a kind not read here.</exception>
    public NpyArray Read(string key)
    {
        using var stream = OpenEntry(key + ".npy");
        return Guarded(key, () => NpyFile.Read(stream, $"{_path}:{key}"));
    }

    /// <summary>Whether the zip has a file of exactly this name, e.g. manifest.json.</summary>
    public bool HasFile(string name) => _zip.GetEntry(name) is not null;

    /// <summary>Reads a text file stored beside the arrays.</summary>
    /// <exception cref="OnnxEngineException">There is no such file, or it is damaged.</exception>
    public string ReadText(string name)
    {
        using var reader = new StreamReader(OpenEntry(name), Encoding.UTF8);
        return Guarded(name, reader.ReadToEnd);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _zip.Dispose();

    /// <summary>Type and shape of an array without reading its elements.</summary>
    internal NpyHeader ReadHeader(string key)
    {
        using var stream = OpenEntry(key + ".npy");
        return Guarded(key, () => NpyFile.ReadHeader(stream, $"{_path}:{key}"));
    }

    Stream OpenEntry(string name)
    {
        var entry = _zip.GetEntry(name) ?? throw new OnnxEngineException(
            ErrorKind.Data, $"'{_path}' has no '{name}'; it holds {string.Join(", ", _zip.Entries.Select(entry => entry.FullName))}.");
        return Guarded(name, entry.Open);
    }

    T Guarded<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception inner) when (inner is InvalidDataException or IOException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' in '{_path}' is damaged: {inner.Message}", inner);
        }
    }
}
