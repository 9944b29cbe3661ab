using System.IO.Compression;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Looking for data files, with the operating system's refusals told as sentences.</summary>
static class DataFiles
{
    /// <summary>Runs a read and turns an operating system error into one that names the path.</summary>
    internal static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception inner) when (inner is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"Cannot read '{path}': {inner.Message}", inner);
        }
    }

    /// <summary>The files of a folder whose names satisfy a condition, in ordinal order; the path itself if it is such a file.</summary>
    internal static string[] Matching(string path, Func<string, bool> name)
    {
        if (File.Exists(path))
            return name(Path.GetFileName(path)) ? [path] : [];
        return Guarded(path, () => Directory.EnumerateFiles(path).Where(file => name(Path.GetFileName(file))).Order(StringComparer.Ordinal).ToArray());
    }

    /// <summary>All bytes of a file, unpacked when its name ends in .gz.</summary>
    internal static byte[] ReadAll(string path) => Guarded(path, () =>
    {
        if (!path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            return File.ReadAllBytes(path);
        using var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        packed.CopyTo(plain);
        return plain.ToArray();
    });

    /// <summary>The lines of a list of names, without empty ones; null when there is no such file.</summary>
    internal static string[]? ReadNames(string folder, params ReadOnlySpan<string> files)
    {
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file);
            if (File.Exists(path))
                return Guarded(path, () => File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).ToArray());
        }

        return null;
    }

    /// <summary>The folder itself, or the folder that holds the file.</summary>
    internal static string Folder(string path) => Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;

    /// <summary>Whether a file belongs to the training part by its name.</summary>
    internal static bool IsTrain(string file) => Part(file) is "train";

    /// <summary>Whether a file belongs to the test part by its name.</summary>
    internal static bool IsTest(string file) => Part(file) is "test";

    /// <summary>Reads train, test or val at the beginning of a name's words, as in x_test.npy or train-00000-of-00001.parquet.</summary>
    static string? Part(string file)
    {
        foreach (var word in Path.GetFileName(file).ToLowerInvariant().Split('-', '_', '.'))
        {
            if (word.StartsWith("train", StringComparison.Ordinal))
                return "train";
            if (word is "test" or "val" or "valid" or "validation" or "t10k")
                return "test";
        }

        return null;
    }
}
