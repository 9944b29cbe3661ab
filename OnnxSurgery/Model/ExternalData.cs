using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;
using OnnxEdit.Surgery.Proto;
using DataLocation = OnnxEdit.Surgery.Proto.TensorProto.Types.DataLocation;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Model;

/// <summary>Tensors whose bytes live in files beside the model.</summary>
static class ExternalData
{
    /// <summary>Smaller tensors stay in the model: shape constants must be at hand for shape inference.</summary>
    const int SmallestExternal = 1024;

    /// <summary>Page size: the format recommends offsets that can be memory-mapped.</summary>
    const int Alignment = 4096;

    /// <summary>Gives every external tensor its bytes as raw_data, in memory or mapped. Returns the full paths of the files read.</summary>
    /// <param name="model">The parsed model, changed in place.</param>
    /// <param name="modelPath">Full path of the model file; locations are relative to its folder.</param>
    /// <param name="mapFrom">Bytes of all external tensors together from which on the larger ones are mapped instead.</param>
    /// <param name="hash">Receives the bytes of each external tensor.</param>
    internal static IReadOnlyList<string> Read(ModelProto model, string modelPath, long mapFrom, IncrementalHash hash)
    {
        var folder = Path.GetDirectoryName(modelPath) ?? "/";
        var files = new SortedDictionary<string, SafeFileHandle>(StringComparer.Ordinal);
        try
        {
            var external = TensorWalk.All(model).Where(t => t.Tensor.DataLocation == DataLocation.External).Select(t =>
            {
                var (path, handle) = Open(t.Tensor, t.Name, folder, files);
                return (t.Tensor, t.Name, Path: path, Handle: handle, Range: Range(t.Tensor, t.Name, path, RandomAccess.GetLength(handle)));
            }).ToList();
            var mapped = external.Sum(t => (double)t.Range.Length) >= mapFrom;
            foreach (var (tensor, name, path, handle, (offset, length)) in external)
            {
                if (length > ModelReader.Limit)
                    throw new OnnxSurgeryException(FormattableString.Invariant($"Tensor '{name}' alone has {length:N0} bytes and single tensors over 2 GB are not supported; use a float16 export."));
                tensor.RawData = mapped && length >= Alignment
                    ? MappedBytes.Of(handle, offset, (int)length)
                    : UnsafeByteOperations.UnsafeWrap(ReadRange(handle, offset, (int)length, name, path));
                hash.AppendData(tensor.RawData.Span);
                tensor.ExternalData.Clear();
                tensor.ClearDataLocation();
            }
            return [.. files.Keys];
        }
        finally
        {
            foreach (var handle in files.Values) handle.Dispose();
        }
    }

    /// <summary>The files that external tensors name, relative to the model's folder, each once.</summary>
    /// <param name="model">The parsed model.</param>
    /// <param name="modelPath">Path of the model file.</param>
    /// <exception cref="OnnxSurgeryException">A tensor names none, or one outside the folder.</exception>
    internal static IReadOnlyList<string> Locations(ModelProto model, string modelPath)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(modelPath)) ?? "/";
        return [.. TensorWalk.All(model).Where(t => t.Tensor.DataLocation == DataLocation.External)
            .Select(t => Path.GetRelativePath(folder, Locate(t.Tensor, t.Name, folder).Path)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>Moves the larger initializers into one data stream, leaving references; changes the model in place.</summary>
    internal static void Write(ModelProto model, Stream data, string location, CancellationToken cancellation)
    {
        foreach (var tensor in model.Graph.Initializer)
        {
            cancellation.ThrowIfCancellationRequested();
            if (tensor.DataType == (int)DataType.String) continue;
            var bytes = tensor.RawData.Length > 0 ? tensor.RawData : StoredElsewhere(tensor);
            if (bytes.Length < SmallestExternal) continue;
            var offset = (data.Position + Alignment - 1) / Alignment * Alignment;
            data.Write(new byte[offset - data.Position]);
            data.Write(bytes.Span);
            tensor.RawData = ByteString.Empty;
            tensor.ClearRawData();
            tensor.FloatData.Clear();
            tensor.Int32Data.Clear();
            tensor.Int64Data.Clear();
            tensor.DoubleData.Clear();
            tensor.Uint64Data.Clear();
            tensor.DataLocation = DataLocation.External;
            Entry(tensor, "location", location);
            Entry(tensor, "offset", offset.ToString(CultureInfo.InvariantCulture));
            Entry(tensor, "length", bytes.Length.ToString(CultureInfo.InvariantCulture));
        }
    }

    static ByteString StoredElsewhere(TensorProto tensor) =>
        tensor.FloatData.Count + tensor.Int32Data.Count + tensor.Int64Data.Count + tensor.DoubleData.Count
            + tensor.Uint64Data.Count == 0
            ? ByteString.Empty
            : UnsafeByteOperations.UnsafeWrap(TensorData.Bytes(tensor));

    static void Entry(TensorProto tensor, string key, string value) =>
        tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });

    static (string Path, string Location) Locate(TensorProto tensor, string name, string folder)
    {
        var location = Value(tensor, "location") ?? "";
        if (location.Length == 0 || location.Contains('\0', StringComparison.Ordinal))
            throw new OnnxSurgeryException($"Tensor '{name}' is stored externally but names no file; export the model again.");
        var path = Path.GetFullPath(Path.Combine(folder, location));
        var inside = folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar;
        if (Path.IsPathRooted(location) || !path.StartsWith(inside, StringComparison.Ordinal))
            throw new OnnxSurgeryException(
                $"Tensor '{name}' points to external data outside the model's folder ('{location}'), which is refused; put the data file beside the model and correct its location.");
        return (path, location);
    }

    static (string Path, SafeFileHandle Handle) Open(TensorProto tensor, string name, string folder,
        SortedDictionary<string, SafeFileHandle> files)
    {
        var (path, location) = Locate(tensor, name, folder);
        if (files.TryGetValue(path, out var handle)) return (path, handle);
        if (!File.Exists(path))
            throw new OnnxSurgeryException(
                $"The external data file '{location}' of tensor '{name}' is missing (looked for '{path}'); copy it there.");
        try
        {
            if (new FileInfo(new FileInfo(path).ResolveLinkTarget(true)?.FullName ?? path).Length == 0)
                throw new OnnxSurgeryException($"The external data file '{path}' is empty; copy it again.");
            return (path, files[path] = File.OpenHandle(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OnnxSurgeryException($"The external data file '{path}' cannot be read ({e.Message}); check its permissions.", e);
        }
    }

    static (long Offset, long Length) Range(TensorProto tensor, string name, string path, long available)
    {
        var needed = TensorValidator.ByteCount(tensor, name);
        var offset = Number(tensor, name, "offset") ?? 0;
        var length = Number(tensor, name, "length") ?? needed ?? Math.Max(0, available - offset);
        if (needed is { } n && n != length)
            throw new OnnxSurgeryException(
                FormattableString.Invariant($"Tensor '{name}' of shape [{string.Join(',', tensor.Dims)}] needs {n:N0} bytes but its external data has length {length:N0}; export the model again."));
        if (offset > available || length > available - offset)
            throw new OnnxSurgeryException(
                FormattableString.Invariant($"The external data file '{path}' is too short: tensor '{name}' needs {length:N0} bytes from offset {offset:N0}, the file has {available:N0}; copy it again."));
        return (offset, length);
    }

    static long? Number(TensorProto tensor, string name, string key)
    {
        if (Value(tensor, key) is not { } text) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new OnnxSurgeryException($"Tensor '{name}' has an external data {key} that is not a number ('{text}'); export the model again.");
    }

    static string? Value(TensorProto tensor, string key) => tensor.ExternalData.FirstOrDefault(e => e.Key == key)?.Value;

    static byte[] ReadRange(SafeFileHandle handle, long offset, int length, string name, string path)
    {
        var bytes = new byte[length];
        try
        {
            for (int read, at = 0; at < length; at += read)
                if ((read = RandomAccess.Read(handle, bytes.AsSpan(at), offset + at)) == 0)
                    throw new EndOfStreamException("it ended early");
            return bytes;
        }
        catch (IOException e)
        {
            throw new OnnxSurgeryException($"Tensor '{name}' cannot be read from '{path}' ({e.Message}); copy the file again.", e);
        }
    }
}
