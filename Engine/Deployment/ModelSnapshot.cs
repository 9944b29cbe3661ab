using System.Security.Cryptography;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>
/// A model's files as they were read at one moment. ONNX Runtime gets these bytes and never the files themselves: it maps files of
/// external data into memory, and one that others cut or write over meanwhile ends the process, or changes the weights of a
/// session that runs.
/// </summary>
sealed class ModelSnapshot : IDisposable
{
    readonly string _path;
    readonly byte[] _model;
    readonly Dictionary<string, string> _hashes = new(StringComparer.Ordinal);
    string? _copy;

    ModelSnapshot(string path, byte[] model)
    {
        (_path, _model) = (path, model);
        DataFiles = ExternalData.Locations(ModelReader.Parse(model, path), path);
        _hashes[Path.GetFileName(path)] = Convert.ToHexStringLower(SHA256.HashData(model));
    }

    /// <summary>Files of external data that the model names, relative to its folder; usually none.</summary>
    public IReadOnlyList<string> DataFiles { get; }

    /// <summary>SHA-256 of each file that was read, by its name relative to the model's folder.</summary>
    public IReadOnlyDictionary<string, string> Hashes => _hashes;

    /// <summary>Reads the model file, and which data files it has.</summary>
    /// <param name="path">The model file.</param>
    /// <exception cref="OnnxSurgeryException">It is no model, or cut short.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ModelSnapshot Read(string path)
    {
        using var stream = Shared(path);
        if (stream.Length > ModelReader.Limit)
            throw new OnnxSurgeryException(FormattableString.Invariant($"'{path}' has {stream.Length:N0} bytes and a file over 2 GB is no valid ONNX model; export it again with its weights as external data."));
        if (stream.Length == 0) throw new OnnxSurgeryException($"'{path}' is empty; copy it again.");
        var model = new byte[stream.Length];
        stream.ReadExactly(model);
        return new ModelSnapshot(path, model);
    }

    /// <summary>Copies the data files into a folder of its own below the system's folder for temporary files.</summary>
    /// <exception cref="IOException">One is missing, or there is no room.</exception>
    public void CopyData()
    {
        if (DataFiles.Count == 0) return;
        _copy = Directory.CreateTempSubdirectory("onnxedit-serve-").FullName;
        foreach (var name in DataFiles)
        {
            var from = Path.Combine(Path.GetDirectoryName(_path)!, name);
            if (!File.Exists(from)) throw new OnnxSurgeryException($"'{_path}' has weights in '{name}', which is missing (looked for '{from}'); copy it there.");
            var to = Path.Combine(_copy, name);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            using var source = Shared(from);
            using var target = new FileStream(to, FileMode.CreateNew, FileAccess.Write);
            _hashes[name] = Copy(source, target);
        }
        File.WriteAllBytes(Path.Combine(_copy, Path.GetFileName(_path)), _model);
    }

    /// <summary>Loads what was read.</summary>
    /// <inheritdoc cref="ServableModel.Open(string, string?)"/>
    public ServableModel Open()
    {
        if (_copy is null) return ServableModel.Open(_model, _path);
        var copy = _copy;
        var model = ServableModel.Open(Path.Combine(copy, Path.GetFileName(_path)), _path, () => Delete(copy));
        _copy = null;
        return model;
    }

    /// <summary>SHA-256 of a file that others may be writing, in lower-case hex; "" when there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string HashOf(string path)
    {
        if (!File.Exists(path)) return "";
        using var stream = Shared(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_copy is not null) Delete(_copy);
    }

    // Whoever writes must never find the file locked by the one who looks at it.
    static FileStream Shared(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    static string Copy(FileStream source, FileStream target)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (int read; (read = source.Read(buffer)) > 0;)
        {
            hash.AppendData(buffer, 0, read);
            target.Write(buffer, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A scanner may hold a file; the system's own cleaning of its folder takes the rest.
        }
    }
}
