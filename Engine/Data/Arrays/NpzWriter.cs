using System.IO.Compression;
using System.Text;

namespace OnnxEdit.Engine.Data.Arrays;

/// <summary>
/// Writes a zip of .npy arrays that NumPy can load. Time stamps are fixed and nothing is compressed,
/// so the same arrays in the same order always give the same bytes.
/// </summary>
/// <param name="stream">Where to write; it stays open.</param>
sealed class NpzWriter(Stream stream) : IDisposable
{
    // The earliest moment a zip can state.
    static readonly DateTimeOffset Stamp = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly ZipArchive _zip = new(stream, ZipArchiveMode.Create, leaveOpen: true);

    /// <summary>Adds an array under a name (without .npy).</summary>
    public void Add(string key, NpyArray array)
    {
        using var entry = Create(key + ".npy");
        NpyFile.Write(entry, array);
    }

    /// <summary>Adds a text file, e.g. manifest.json, as UTF-8.</summary>
    public void AddText(string name, string text)
    {
        using var entry = Create(name);
        entry.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Completes the zip.</summary>
    public void Dispose() => _zip.Dispose();

    Stream Create(string name)
    {
        var entry = _zip.CreateEntry(name, CompressionLevel.NoCompression);
        entry.LastWriteTime = Stamp;
        // Otherwise the permissions of this process would enter the file.
        entry.ExternalAttributes = 0;
        return entry.Open();
    }
}
