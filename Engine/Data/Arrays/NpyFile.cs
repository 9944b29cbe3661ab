using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Arrays;

/// <summary>Reads and writes NumPy's .npy format, versions 1 to 3; only C order and little-endian elements.</summary>
static partial class NpyFile
{
    static readonly byte[] Magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="OnnxEngineException">The file is missing, damaged, in Fortran order, big-endian, or of a type not read here.</exception>
    public static NpyArray Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return Read(stream, path);
        }
        catch (Exception inner) when (inner is IOException or UnauthorizedAccessException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"Cannot read '{path}': {inner.Message}", inner);
        }
    }

    /// <summary>Reads one array from the current position.</summary>
    /// <param name="stream">Where the array begins.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="OnnxEngineException">As for a file.</exception>
    public static NpyArray Read(Stream stream, string name)
    {
        var header = ReadHeader(stream, name);
        if (header.ByteLength > Array.MaxLength)
            throw new OnnxEngineException(ErrorKind.Data, FormattableString.Invariant($"'{name}' is an array of {header.ByteLength:N0} bytes, too large to hold; store it as several."));
        var bytes = new byte[header.ByteLength];
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw Truncated(name);
        return new NpyArray(header.Type, header.Shape, bytes);
    }

    /// <summary>Writes a file, replacing an existing one.</summary>
    public static void Write(string path, NpyArray array)
    {
        using var stream = File.Create(path);
        Write(stream, array);
    }

    /// <summary>Writes one array at the current position: the same array always gives the same bytes.</summary>
    public static void Write(Stream stream, NpyArray array)
    {
        var shape = array.Shape.Count == 1 ? $"({array.Shape[0]},)" : $"({string.Join(", ", array.Shape)})";
        var order = NpyElements.Size(array.Type) == 1 ? '|' : '<';
        var text = $"{{'descr': '{order}{array.Type}', 'fortran_order': False, 'shape': {shape}, }}";
        // The data begin at a multiple of 64 bytes, as NumPy pads them.
        var padded = (Magic.Length + 4 + text.Length + 1 + 63) / 64 * 64;
        var header = new byte[padded];
        Magic.CopyTo(header, 0);
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)(padded - 10));
        header.AsSpan(10).Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, header.AsSpan(10));
        header[^1] = (byte)'\n';
        stream.Write(header);
        stream.Write(array.Bytes);
    }

    internal static OnnxEngineException Truncated(string name) =>
        new(ErrorKind.Data, $"'{name}' ends before its array does; copy the file again.");

    /// <summary>Reads the header and leaves the stream at the first element.</summary>
    internal static NpyHeader ReadHeader(Stream stream, string name)
    {
        var start = new byte[12];
        if (stream.ReadAtLeast(start.AsSpan(0, 10), 10, throwOnEndOfStream: false) < 10 || !start.AsSpan(0, 6).SequenceEqual(Magic))
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' is not a .npy file.");
        var offset = 10;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(8));
        if (start[6] >= 2)
        {
            stream.ReadExactly(start.AsSpan(10, 2));
            offset = 12;
            length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(8)), 1 << 20);
        }

        var bytes = new byte[length];
        if (stream.ReadAtLeast(bytes, length, throwOnEndOfStream: false) < length)
            throw Truncated(name);
        var match = HeaderPattern().Match(Encoding.UTF8.GetString(bytes));
        if (!match.Success)
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' is a .npy file of records or objects; save it as a plain number array.");

        var type = match.Groups["type"].Value;
        if (match.Groups["order"].Value == ">")
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' is big-endian; save it with .astype('<{type}').");
        if (NpyElements.Size(type) == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' has elements of type {type}, which are not read; save it as float32 or uint8.");
        var shape = match.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(extent => int.TryParse(extent, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : -1).ToArray();
        if (shape.Any(extent => extent < 0))
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' has the shape ({match.Groups["shape"].Value}), which cannot be read.");
        if (match.Groups["fortran"].Value == "True" && shape.Length > 1)
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' is stored in Fortran order; save it with numpy.ascontiguousarray.");
        return new NpyHeader(type, shape, offset + length);
    }

    [GeneratedRegex("""^\s*\{(?=.*'descr':\s*'(?<order>[<>|=])(?<type>\w+)')(?=.*'fortran_order':\s*(?<fortran>True|False))(?=.*'shape':\s*\((?<shape>[^)]*)\))""", RegexOptions.Singleline)]
    private static partial Regex HeaderPattern();
}
