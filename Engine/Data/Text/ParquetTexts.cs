using System.Globalization;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Surgery;
using Parquet;
using Parquet.Schema;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Columns of text and numbers in a Parquet file. A column is read when it is first asked for.</summary>
sealed class ParquetTexts : TextCells
{
    readonly string _path;
    readonly string[] _names;
    readonly string?[]?[] _columns;
    readonly IReadOnlyDictionary<string, string> _metadata;

    ParquetTexts(string path, string[] names, int rows, IReadOnlyDictionary<string, string> metadata) =>
        (_path, _names, _columns, Rows, _metadata) = (path, names, new string?[]?[names.Length], rows, metadata);

    public override IReadOnlyList<string> Names => _names;

    public override int Rows { get; }

    public override int Columns => _names.Length;

    public override string? Cell(int row, int column) => (_columns[column] ??= ParquetFile.Guarded(_path, () => Read(column)))[row];

    public override string Place(int row) => $"Row {row + 1} of '{_path}'";

    public override IReadOnlyList<string>? ClassNames(int column) => ParquetFile.ClassNames(_metadata, _names[column]);

    /// <summary>Reads what columns a file has.</summary>
    /// <exception cref="OnnxEngineException">It cannot be read (<see cref="ErrorKind.Data"/>).</exception>
    public static ParquetTexts Open(string path)
    {
        if (!File.Exists(path)) throw new OnnxEngineException(ErrorKind.Data, $"There is no file '{path}'.");
        return ParquetFile.Guarded(path, () =>
        {
            using var stream = File.OpenRead(path);
            var reader = ParquetFile.Wait(ParquetReader.CreateAsync(stream));
            var rows = 0;
            for (var group = 0; group < reader.RowGroupCount; group++)
            {
                using var part = reader.OpenRowGroupReader(group);
                rows = checked(rows + (int)part.RowCount);
            }
            return new ParquetTexts(path, [.. reader.Schema.DataFields.Select(field => field.Path.ToString())], rows, new Dictionary<string, string>(reader.CustomMetadata));
        });
    }

    string?[] Read(int column)
    {
        using var stream = File.OpenRead(_path);
        var reader = ParquetFile.Wait(ParquetReader.CreateAsync(stream));
        var field = reader.Schema.DataFields[column];
        List<string?> values = new(Rows);
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            using var part = reader.OpenRowGroupReader(group);
            values.AddRange(Values(part, field));
        }
        return [.. values];
    }

    IEnumerable<string?> Values(ParquetRowGroupReader part, DataField field)
    {
        if (field.MaxRepetitionLevel > 0) throw Unsuitable("lists");
        if (field.ClrType == typeof(ReadOnlyMemory<char>))
        {
            var values = new string?[part.RowCount];
            ParquetFile.Wait(part.ReadAsync(field, values.AsMemory()).AsTask());
            return values;
        }
        return field.ClrType switch
        {
            var type when type == typeof(double) => Numbers<double>(part, field),
            var type when type == typeof(float) => Numbers<float>(part, field),
            var type when type == typeof(long) => Numbers<long>(part, field),
            var type when type == typeof(int) => Numbers<int>(part, field),
            var type when type == typeof(short) => Numbers<short>(part, field),
            var type when type == typeof(sbyte) => Numbers<sbyte>(part, field),
            var type when type == typeof(byte) => Numbers<byte>(part, field),
            _ => throw Unsuitable(field.ClrType.Name),
        };
        OnnxEngineException Unsuitable(string what) => new(ErrorKind.Data, $"The column '{field.Path}' of '{_path}' holds {what}; columns of text or numbers are read. Write the table as .jsonl, or choose others with DataOptions.Columns.");
    }

    static IEnumerable<string?> Numbers<T>(ParquetRowGroupReader part, DataField field) where T : struct, IFormattable
    {
        var values = new T?[part.RowCount];
        ParquetFile.Wait(part.ReadAsync(field, values.AsMemory()).AsTask());
        return values.Select(value => value?.ToString(null, CultureInfo.InvariantCulture));
    }
}
