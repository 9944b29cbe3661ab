using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>
/// .npz files: inputs under the model's input name, input, x or images, labels under labels or y (classes, numbers that the model should
/// return, or masks), numbers and masks under targets or masks, too; or both parts in one file as x_train, y_train, x_test, y_test; or a train and a test file in one folder.
/// </summary>
sealed class NpzFormat : DataFormat
{
    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        var files = DataFiles.Matching(path, name => name.EndsWith(".npz", StringComparison.OrdinalIgnoreCase));
        if (files.Length == 0)
            return null;
        var names = DataFiles.ReadNames(DataFiles.Folder(path), "classes.txt");
        if (files.Length == 1)
            return OpenFile(files[0], input) with { ClassNames = names };
        if (files.Length != 2 || files.Count(DataFiles.IsTest) != 1)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' holds several .npz files that are not one train and one test file; give one file.");
        var test = files.Single(DataFiles.IsTest);
        return new DataParts
        {
            Format = ".npz files",
            Train = OpenFile(files.Single(file => file != test), input).Whole,
            Test = OpenFile(test, input).Whole,
            ClassNames = names,
        };
    }

    static DataParts OpenFile(string file, InputGeometry input)
    {
        using var npz = NpzFile.Open(file);
        var parts = new DataParts { Format = "an .npz file" };
        if (Key(npz, "x_train", "train_images") is { } train)
        {
            return parts with
            {
                Train = OpenArray(npz, file, train, Key(npz, "y_train", "train_labels"), input),
                Test = Key(npz, "x_test", "test_images") is { } test ? OpenArray(npz, file, test, Key(npz, "y_test", "test_labels"), input) : null,
            };
        }

        var key = Key(npz, input.Name ?? "input", "input", "x", "images", "inputs", "data") ?? throw new OnnxEngineException(
            ErrorKind.Data,
            $"'{file}' has the arrays {string.Join(", ", npz.Keys)}, none of them named like the model's input, input, x or images.");
        return parts with { Whole = OpenArray(npz, file, key, Key(npz, "labels", "label", "y"), input, Key(npz, "masks", "mask", "targets", "target")) };
    }

    static string? Key(NpzFile npz, params string[] names) =>
        names.Select(name => npz.Keys.FirstOrDefault(key => key.Equals(name, StringComparison.OrdinalIgnoreCase))).FirstOrDefault(key => key is not null);

    static DataSource OpenArray(NpzFile npz, string file, string key, string? labels, InputGeometry input, string? targets = null)
    {
        // A zip cannot be read at random, so its array is held as it is stored: one byte per value for images.
        var array = npz.Read(key);
        return ArrayItems.Open(
            new NpyHeader(array.Type, array.Shape, 0), new FileRecords(array.Memory, file), labels is null ? null : npz.Read(labels), $"{file}:{key}", input, targets is null ? null : npz.Read(targets));
    }
}
