using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Records of equal length in a file or in memory, read by number; a file is not held in memory.</summary>
sealed class FileRecords
{
    readonly Microsoft.Win32.SafeHandles.SafeFileHandle? _file;
    readonly ReadOnlyMemory<byte> _memory;
    readonly long _offset;
    readonly string _name;

    /// <summary>Records of a file, from a byte offset on.</summary>
    internal FileRecords(string path, long offset)
    {
        _name = path;
        _offset = offset;
        _file = DataFiles.Guarded(path, () => File.OpenHandle(path, options: FileOptions.RandomAccess));
        Length = RandomAccess.GetLength(_file) - offset;
    }

    /// <summary>Records in memory.</summary>
    internal FileRecords(ReadOnlyMemory<byte> memory, string name)
    {
        _name = name;
        _memory = memory;
        Length = memory.Length;
    }

    /// <summary>Bytes from the first record to the end.</summary>
    internal long Length { get; }

    /// <summary>Fills <paramref name="destination"/> from byte <paramref name="position"/> on, counted from the first record.</summary>
    internal void Read(long position, Span<byte> destination)
    {
        if (_file is null)
        {
            _memory.Span.Slice((int)position, destination.Length).CopyTo(destination);
            return;
        }

        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(_file, destination, _offset + position);
            if (read == 0)
                throw new OnnxEngineException(ErrorKind.Data, $"'{_name}' has become shorter while it was read; copy it again.");
            position += read;
            destination = destination[read..];
        }
    }
}
