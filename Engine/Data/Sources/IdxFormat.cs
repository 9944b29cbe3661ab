using System.Buffers.Binary;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>MNIST's idx files, plain or .gz: images (magic 0x803) beside labels (magic 0x801).</summary>
sealed class IdxFormat : DataFormat
{
    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        var files = DataFiles.Matching(path, name => name.Contains("idx3-ubyte", StringComparison.Ordinal));
        // A packed and an unpacked copy of one file must not count twice.
        files = [.. files.Where(file => !file.EndsWith(".gz", StringComparison.Ordinal) || !files.Contains(file[..^3]))];
        if (files.Length == 0)
            return null;
        var parts = DataParts.FromFiles("idx", files, DataFiles.ReadNames(DataFiles.Folder(path), "classes.txt"), file => new Source(file));
        return File.Exists(path) ? parts with { Whole = parts.Whole ?? parts.Train ?? parts.Test, Train = null, Test = null } : parts;
    }

    /// <summary>The labels of train-images-idx3-ubyte are in train-labels-idx1-ubyte, packed or not.</summary>
    static string? LabelFile(string images)
    {
        var name = Path.GetFileName(images).Replace("images", "labels", StringComparison.Ordinal).Replace("idx3", "idx1", StringComparison.Ordinal);
        var labels = Path.Combine(Path.GetDirectoryName(images)!, name);
        string[] candidates = [labels, labels + ".gz", labels.EndsWith(".gz", StringComparison.Ordinal) ? labels[..^3] : labels];
        return candidates.FirstOrDefault(File.Exists);
    }

    static int ReadInt(byte[] bytes, int offset) => BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(offset));

    sealed class Source : PixelSource
    {
        readonly string _path;
        readonly FileRecords _records;
        readonly byte[]? _labels;
        readonly int _height, _width;

        internal Source(string path)
        {
            _path = path;
            var isPacked = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
            var all = isPacked ? DataFiles.ReadAll(path) : null;
            var records = all is null ? new FileRecords(path, 0) : new FileRecords(all, path);
            var header = new byte[16];
            if (records.Length >= header.Length)
                records.Read(0, header);
            if (ReadInt(header, 0) != 0x803)
                throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is not an idx file of 8-bit images (magic 0x803).");
            (Count, _height, _width) = (ReadInt(header, 4), ReadInt(header, 8), ReadInt(header, 12));
            if (Count < 0 || _height <= 0 || _width <= 0 || records.Length != 16 + ((long)Count * _height * _width))
                throw new OnnxEngineException(ErrorKind.Data, FormattableString.Invariant($"'{path}' should hold {Count:N0} images of {_height}x{_width} but has {records.Length:N0} bytes; copy it again."));
            _records = all is null ? new FileRecords(path, 16) : new FileRecords(all.AsMemory(16), path);
            if (LabelFile(path) is not { } labelFile)
                return;
            var labels = DataFiles.ReadAll(labelFile);
            if (labels.Length < 8 || ReadInt(labels, 0) != 0x801 || ReadInt(labels, 4) != Count || labels.Length != 8 + Count)
                throw new OnnxEngineException(ErrorKind.Data, FormattableString.Invariant($"'{labelFile}' does not hold the {Count:N0} labels of '{path}'."));
            _labels = labels[8..];
        }

        internal override int Count { get; }

        internal override int Label(int index) => _labels is null ? -1 : _labels[index];

        internal override string Name(int index) => $"{_path}, image {index}";

        internal override RawImage Read(int index)
        {
            var pixels = new byte[_height * _width];
            _records.Read((long)index * pixels.Length, pixels);
            return new RawImage(pixels, _height, _width, 1);
        }
    }
}
