using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data;

/// <summary>
/// Reads the items of a model with several inputs: an .npz file with an array of each input's name, whose first axis counts the items, and
/// labels under labels, label or y, numbers and masks under targets or masks, too; or a folder with two such files, one for training and one for test.
/// </summary>
sealed record SeveralInputs
{
    /// <summary>The training part.</summary>
    internal ItemSet? Train { get; private init; }

    /// <summary>The test part.</summary>
    internal ItemSet? Test { get; private init; }

    /// <summary>Everything, where there are no parts.</summary>
    internal ItemSet? Whole { get; private init; }

    /// <summary>Class names by label.</summary>
    internal IReadOnlyList<string>? ClassNames { get; private init; }

    /// <summary>Opens the data at a path.</summary>
    /// <exception cref="OnnxEngineException">It is no such file or folder, or does not fit the model (<see cref="ErrorKind.Data"/>).</exception>
    internal static SeveralInputs Open(string path, IReadOnlyList<ModelInput> inputs)
    {
        var files = File.Exists(path) || Directory.Exists(path) ? DataFiles.Matching(path, name => name.EndsWith(".npz", StringComparison.OrdinalIgnoreCase)) : [path];
        if (files.Length is 0 or > 2 || !files[0].EndsWith(".npz", StringComparison.OrdinalIgnoreCase) || files.Length == 2 && files.Count(DataFiles.IsTest) != 1)
            throw new OnnxEngineException(
                ErrorKind.Data,
                $"The model has {inputs.Count} inputs ({string.Join(", ", inputs.Select(input => $"'{input.Name}'"))}), so its data is {(inputs.Any(input => TokenInputs.IsIds(input.Name)) ? "texts (.csv, .tsv, .jsonl, .parquet), " : "")}an .npz file with one array per input, a folder with two of them, train.npz and test.npz, or random:N, not '{path}'.");
        var names = File.Exists(files[0]) ? DataFiles.ReadNames(DataFiles.Folder(path), "classes.txt") : null;
        if (files is [var only]) return new SeveralInputs { Whole = Items(only, inputs), ClassNames = names };
        var test = files.Single(DataFiles.IsTest);
        return new SeveralInputs { Train = Items(files.Single(file => file != test), inputs), Test = Items(test, inputs), ClassNames = names };
    }

    static JoinedItemSet Items(string path, IReadOnlyList<ModelInput> inputs)
    {
        using var npz = NpzFile.Open(path);
        var sets = inputs.Select(input => Read(npz, path, input)).ToArray();
        foreach (var (set, input) in sets.Zip(inputs))
        {
            if (set.Count != sets[0].Count)
                throw new OnnxEngineException(
                    ErrorKind.Data, $"'{path}' has {sets[0].Count} items of '{inputs[0].Name}' but {set.Count} of '{input.Name}'; the first axis of each array must count the items.");
        }

        // What an input is called is that input's.
        NpyArray? Named(params string[] names) => npz.Keys.FirstOrDefault(key => names.Contains(key.ToLowerInvariant()) && inputs.All(input => input.Name != key)) is { } key ? npz.Read(key) : null;
        var (classes, beyond) = ArrayItems.Labels(sets[0].Count, Named("labels", "label", "y"), Named("masks", "mask", "targets", "target"), path);
        return new JoinedItemSet(sets, classes, beyond);
    }

    static ArrayItemSet Read(NpzFile npz, string path, ModelInput input)
    {
        if (!npz.Keys.Contains(input.Name))
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' has the arrays {string.Join(", ", npz.Keys)} but none for the model's input '{input.Name}'; give one array per input, under its name.");
        return new ArrayItemSet(ArrayItems.Numbers(npz.Read(input.Name), $"{path}:{input.Name}"), input.Geometry);
    }
}
