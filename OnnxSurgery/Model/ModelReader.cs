using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using OnnxEdit.Surgery.Model.Loading;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>From a path to a validated model in memory, or one sentence that says why not.</summary>
static class ModelReader
{
    /// <summary>2 GB, where arrays, protobuf and loading a model from memory all end.</summary>
    internal static long Limit => Array.MaxLength;

    internal static OnnxModel Read(string path, long mapFrom)
    {
        var bytes = ReadFile(path);
        var proto = Parse(bytes, path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(bytes);
        try
        {
            var files = ExternalData.Read(proto, Path.GetFullPath(path), mapFrom, hash);
            List<string> notes = [];
            if (NodeOrder.Sort(proto.Graph)) notes.Add("The model's nodes are not in the order in which they read each other; they were sorted.");
            if (ZeroExtents.Open(proto.Graph) is { Count: > 0 } opened) notes.Add($"The model declares a size of 0 for {string.Join(", ", opened.Select(n => $"'{n}'"))}; it is read as open.");
            ModelValidator.Check(proto);
            return new OnnxModel(proto, path, Convert.ToHexStringLower(hash.GetHashAndReset()), files) { Notes = notes };
        }
        catch (OnnxSurgeryException e)
        {
            throw new OnnxSurgeryException($"'{path}': {e.Message}", e);
        }
    }

    static byte[] ReadFile(string path)
    {
        if (Directory.Exists(path))
            throw new OnnxSurgeryException($"'{path}' is a folder; give the .onnx file inside it.");
        if (!File.Exists(path))
            throw new OnnxSurgeryException($"There is no file '{path}'; check the path.");
        try
        {
            // Asked of the folder entry, before opening: a pipe or a device reports 0 here and could block there.
            var length = new FileInfo(new FileInfo(path).ResolveLinkTarget(true)?.FullName ?? path).Length;
            if (length == 0)
                throw new OnnxSurgeryException($"'{path}' is empty; download or export the model again.");
            if (length > Limit)
                throw new OnnxSurgeryException(
                    FormattableString.Invariant($"'{path}' has {length:N0} bytes and a file over 2 GB is no valid ONNX model; export it again with its weights as external data."));
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OnnxSurgeryException($"'{path}' cannot be read ({e.Message}); check its permissions.", e);
        }
    }

    /// <summary>Parses a file's bytes.</summary>
    /// <exception cref="OnnxSurgeryException">They are no model, or cut short; the message names the file.</exception>
    internal static ModelProto Parse(byte[] bytes, string path)
    {
        Exception? inner = null;
        try
        {
            var proto = ModelProto.Parser.ParseFrom(bytes);
            if (proto.Graph is not null) return proto;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or DecoderFallbackException or ArgumentException)
        {
            inner = e;
        }
        // What it is instead is asked only now, so that no healthy model is ever mistaken for something else.
        string message;
        if (ForeignFormat.Describe(bytes) is { } foreign) message = $"'{path}' {foreign}.";
        else if (inner is null)
            message = $"'{path}' holds no ONNX graph; if it comes from another framework, export it to ONNX first.";
        else if (MissingBytes(bytes) is > 0 and var missing)
            message = FormattableString.Invariant($"'{path}' is truncated, {missing:N0} bytes are missing at its end; download or copy it again.");
        else message = $"'{path}' is not an ONNX model, or is damaged (no valid protobuf); download or export it again.";
        throw inner is null ? new OnnxSurgeryException(message) : new OnnxSurgeryException(message, inner);
    }

    /// <summary>
    /// Walks the outermost fields. When all of them are fields of a model and the last one announces more bytes
    /// than there are, the number of bytes lacking; else 0.
    /// </summary>
    static long MissingBytes(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (!TryVarint(ref bytes, out var tag)) return 0;
            var known = (tag >> 3) is >= 1 and <= 8 or 14 or 20 or 25;
            if (!known || !TryVarint(ref bytes, out var value)) return 0;
            if ((tag & 7) == 0) continue;
            if ((tag & 7) != 2 || value > long.MaxValue) return 0;
            if ((long)value > bytes.Length) return (long)value - bytes.Length;
            bytes = bytes[(int)value..];
        }
        return 0;
    }

    static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < Math.Min(10, bytes.Length); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }
        return false;
    }
}
