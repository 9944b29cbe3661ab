using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>
/// The binary version of CIFAR-10 (a label byte, then 1024 red, 1024 green and 1024 blue values) and of
/// CIFAR-100 (a coarse and a fine label byte first).
/// </summary>
sealed class CifarFormat : DataFormat
{
    const int Side = 32, Plane = Side * Side, Pixels = 3 * Plane;

    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        var files = DataFiles.Matching(path, name => name.EndsWith(".bin", StringComparison.OrdinalIgnoreCase));
        if (files.Length == 0)
            return null;
        var sources = files.ToDictionary(file => file, file => new Source(file));
        var labelBytes = sources.Values.First().LabelBytes;
        if (sources.Values.FirstOrDefault(source => source.LabelBytes != labelBytes) is { } other)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' mixes CIFAR-10 and CIFAR-100 files ({other.Name(0)}); keep one kind.");
        var folder = DataFiles.Folder(path);
        var names = labelBytes == 1
            ? DataFiles.ReadNames(folder, "batches.meta.txt", "classes.txt")
            : DataFiles.ReadNames(folder, "fine_label_names.txt", "classes.txt");
        var parts = DataParts.FromFiles(labelBytes == 1 ? "CIFAR-10 binary" : "CIFAR-100 binary", files, names, file => sources[file]);
        // data_batch_N are training files though their names do not say so; alone, they still need a split.
        return File.Exists(path) ? parts with { Whole = parts.Whole ?? parts.Train ?? parts.Test, Train = null, Test = null } : parts;
    }

    sealed class Source : PixelSource
    {
        readonly string _path;
        readonly FileRecords _records;
        readonly byte[] _labels;

        internal Source(string path)
        {
            _path = path;
            _records = new FileRecords(path, 0);
            var isHundred = Path.GetFileName(path) is "train.bin" or "test.bin" && _records.Length % (Pixels + 2) == 0;
            LabelBytes = isHundred || _records.Length % (Pixels + 1) != 0 ? 2 : 1;
            if (_records.Length == 0 || _records.Length % (Pixels + LabelBytes) != 0)
            {
                throw new OnnxEngineException(
                    ErrorKind.Data,
                    FormattableString.Invariant($"'{path}' has {_records.Length:N0} bytes, which is no multiple of a CIFAR-10 record (3,073) or CIFAR-100 record (3,074); copy it again."));
            }

            _labels = new byte[_records.Length / (Pixels + LabelBytes)];
            for (var index = 0; index < _labels.Length; index++)
                _records.Read((index * (long)(Pixels + LabelBytes)) + LabelBytes - 1, _labels.AsSpan(index, 1));
        }

        internal int LabelBytes { get; }

        internal override int Count => _labels.Length;

        internal override int Label(int index) => _labels[index];

        internal override string Name(int index) => $"{_path}, image {index}";

        internal override RawImage Read(int index)
        {
            Span<byte> planes = stackalloc byte[Pixels];
            _records.Read((index * (long)(Pixels + LabelBytes)) + LabelBytes, planes);
            var pixels = new byte[Pixels];
            for (var i = 0; i < Plane; i++)
            {
                pixels[3 * i] = planes[i];
                pixels[(3 * i) + 1] = planes[Plane + i];
                pixels[(3 * i) + 2] = planes[(2 * Plane) + i];
            }

            return new RawImage(pixels, Side, Side, 3);
        }
    }
}
