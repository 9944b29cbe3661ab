using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>.npy arrays: x.npy with labels in y.npy, images.npy with labels.npy, x_train.npy with y_train.npy and so on.</summary>
sealed class NpyFormat : DataFormat
{
    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        var files = DataFiles.Matching(path, name => name.EndsWith(".npy", StringComparison.OrdinalIgnoreCase));
        if (File.Exists(path) ? files.Length == 0 : !files.Any(file => IsInputs(file, input)))
            return null;
        var names = DataFiles.ReadNames(DataFiles.Folder(path), "classes.txt");
        if (File.Exists(path))
            return new DataParts { Format = "an .npy array", Whole = OpenArray(path, input), ClassNames = names };

        var arrays = files.Where(file => IsInputs(file, input)).ToList();
        var (test, rest) = (arrays.Where(DataFiles.IsTest).ToList(), arrays.Where(file => !DataFiles.IsTest(file)).ToList());
        if (test.Count > 1 || rest.Count > 1)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' holds several input arrays ({string.Join(", ", arrays.Select(Path.GetFileName))}); give one file.");
        var parts = new DataParts { Format = ".npy arrays", ClassNames = names };
        var (first, second) = (rest.Count > 0 ? OpenArray(rest[0], input) : null, test.Count > 0 ? OpenArray(test[0], input) : null);
        return second is null && first is not null && !DataFiles.IsTrain(rest[0])
            ? parts with { Whole = first }
            : parts with { Train = first, Test = second };
    }

    static bool IsInputs(string file, InputGeometry input) =>
        Words(file).Any(word => word is "x" or "input" or "inputs" or "images" or "data") || Path.GetFileNameWithoutExtension(file) == input.Name;

    static string[] Words(string file) => Path.GetFileNameWithoutExtension(file).ToLowerInvariant().Split('_', '-', '.');

    static DataSource OpenArray(string file, InputGeometry input)
    {
        var header = DataFiles.Guarded(file, () =>
        {
            using var stream = File.OpenRead(file);
            return NpyFile.ReadHeader(stream, file);
        });
        var labels = LabelFile(file) is { } path ? NpyFile.Read(path) : null;
        return ArrayItems.Open(header, new FileRecords(file, header.Offset), labels, file, input);
    }

    /// <summary>The file of labels beside an array: its name with the word for inputs replaced by one for labels.</summary>
    static string? LabelFile(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var stem = Path.GetFileNameWithoutExtension(file);
        var candidates = new List<string>();
        foreach (var (inputs, labels) in new[] { ("x", "y"), ("X", "y"), ("images", "labels"), ("inputs", "labels"), ("input", "labels"), ("data", "labels") })
        {
            if (stem == inputs)
                candidates.Add(labels);
            if (stem.StartsWith(inputs + "_", StringComparison.Ordinal))
                candidates.Add(labels + stem[inputs.Length..]);
            if (stem.EndsWith("_" + inputs, StringComparison.Ordinal))
                candidates.Add(stem[..^inputs.Length] + labels);
        }

        return candidates.Append(stem + "_labels").Select(name => Path.Combine(folder, name + ".npy")).FirstOrDefault(File.Exists);
    }
}
