using OnnxEdit.Surgery;
using Parquet;
using Parquet.Schema;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Parquet files with image bytes, as Hugging Face stores them: image: struct(bytes, path), label: int64.</summary>
sealed class ParquetFormat : DataFormat
{
    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        static bool IsParquet(string name) => name.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
        var files = DataFiles.Matching(path, IsParquet);
        // A data set's repository keeps its files in data/.
        if (files.Length == 0 && Directory.Exists(Path.Combine(path, "data")))
            files = DataFiles.Matching(Path.Combine(path, "data"), IsParquet);
        if (files.Length == 0)
            return null;
        var sources = files.ToDictionary(file => file, file => ParquetFile.Guarded(file, () => Source.Open(file)));
        var names = sources.Values.Select(source => source.ClassNames).FirstOrDefault(found => found is not null)
            ?? DataFiles.ReadNames(DataFiles.Folder(path), "classes.txt");
        var parts = DataParts.FromFiles("Parquet", files, names, file => sources[file]);
        return File.Exists(path) ? parts with { Whole = parts.Whole ?? parts.Train ?? parts.Test, Train = null, Test = null } : parts;
    }

    /// <summary>The labels of a file are held; its images are read a row group at a time, and one group is kept.</summary>
    sealed class Source : PixelSource
    {
        readonly string _path;
        readonly Lock _lock = new();
        readonly int[] _labels;
        readonly int[] _groupStarts;
        readonly DataField _image;
        byte[]?[] _group = [];
        int _groupAt = -1;

        Source(string path, DataField image, int[] groupStarts, int[] labels, IReadOnlyList<string>? classNames) =>
            (_path, _image, _groupStarts, _labels, ClassNames) = (path, image, groupStarts, labels, classNames);

        internal IReadOnlyList<string>? ClassNames { get; }

        internal override int Count => _groupStarts[^1];

        internal override bool IsCostly => true;

        internal override int Label(int index) => _labels.Length == 0 ? -1 : _labels[index];

        internal override string Name(int index) => $"{_path}, row {index}";

        internal override RawImage Read(int index) => ImageDecoder.Decode(Encoded(index), Name(index));

        internal static Source Open(string path)
        {
            using var stream = File.OpenRead(path);
            var reader = ParquetFile.Wait(ParquetReader.CreateAsync(stream));
            var fields = reader.Schema.DataFields;
            var image = fields.FirstOrDefault(field => IsBytes(field) && Words(field)[0] is "image" or "img")
                ?? fields.FirstOrDefault(IsBytes)
                ?? throw new OnnxEngineException(
                    ErrorKind.Data, $"'{path}' has no column of image bytes; it has {string.Join(", ", fields.Select(field => field.Path))}.");
            var label = new[] { "label", "labels", "fine_label" }
                .Select(name => fields.FirstOrDefault(field => field.Path.ToString() == name)).FirstOrDefault(field => field is not null);
            var starts = new int[reader.RowGroupCount + 1];
            var labels = new List<int>();
            for (var group = 0; group < reader.RowGroupCount; group++)
            {
                using var rows = reader.OpenRowGroupReader(group);
                starts[group + 1] = checked(starts[group] + (int)rows.RowCount);
                if (label is not null)
                    labels.AddRange(ReadLabels(rows, label, path));
            }

            return new Source(path, image, starts, [.. labels], label is null ? null : ParquetFile.ClassNames(reader.CustomMetadata, label.Name));
        }

        static string[] Words(DataField field) => field.Path.ToString().Split('/', '.');

        static bool IsBytes(DataField field) => field.ClrType == typeof(ReadOnlyMemory<byte>) || field.ClrType == typeof(byte[]);

        static IEnumerable<int> ReadLabels(ParquetRowGroupReader rows, DataField label, string path)
        {
            if (label.ClrType == typeof(long))
                return Column<long>(rows, label).Select(value => checked((int)(value ?? -1)));
            if (label.ClrType == typeof(int))
                return Column<int>(rows, label).Select(value => value ?? -1);
            throw new OnnxEngineException(ErrorKind.Data, $"The column '{label.Path}' of '{path}' is {label.ClrType.Name}; labels must be 32- or 64-bit integers.");
        }

        static T?[] Column<T>(ParquetRowGroupReader rows, DataField field) where T : struct
        {
            var values = new T?[rows.RowCount];
            ParquetFile.Wait(rows.ReadAsync<T>(field, values.AsMemory()).AsTask());
            return values;
        }

        byte[] Encoded(int index)
        {
            lock (_lock)
            {
                var group = Array.FindIndex(_groupStarts, start => start > index) - 1;
                if (group != _groupAt)
                {
                    _group = ParquetFile.Guarded(_path, () => ReadGroup(group));
                    _groupAt = group;
                }

                return _group[index - _groupStarts[group]]
                    ?? throw new OnnxEngineException(ErrorKind.Data, $"'{Name(index)}' holds no image bytes, only a path; embed the images in the file.");
            }
        }

        byte[]?[] ReadGroup(int group)
        {
            using var stream = File.OpenRead(_path);
            var reader = ParquetFile.Wait(ParquetReader.CreateAsync(stream));
            using var rows = reader.OpenRowGroupReader(group);
            var images = new byte[]?[rows.RowCount];
            ParquetFile.Wait(rows.ReadAsync(_image, images.AsMemory()).AsTask());
            return images;
        }
    }
}
