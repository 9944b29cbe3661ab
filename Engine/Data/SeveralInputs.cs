using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data;

/// <summary>Reads the items of a model with several inputs: an .npz file with an array of each input's name, whose first axis counts the items.</summary>
static class SeveralInputs
{
    internal static ItemSet Open(string path, IReadOnlyList<ModelInput> inputs)
    {
        var wanted = string.Join(", ", inputs.Select(input => $"'{input.Name}'"));
        if (!path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
            throw new OnnxEngineException(ErrorKind.Data, $"The model has {inputs.Count} inputs ({wanted}), so its data is an .npz file with one array per input (or random:N), not '{path}'.");
        using var npz = NpzFile.Open(path);
        var sets = inputs.Select(input => Read(npz, path, input)).ToArray();
        foreach (var (set, input) in sets.Zip(inputs))
        {
            if (set.Count != sets[0].Count)
                throw new OnnxEngineException(
                    ErrorKind.Data, $"'{path}' has {sets[0].Count} items of '{inputs[0].Name}' but {set.Count} of '{input.Name}'; the first axis of each array must count the items.");
        }

        return new JoinedItemSet(sets);
    }

    static ItemSet Read(NpzFile npz, string path, ModelInput input)
    {
        if (!npz.Keys.Contains(input.Name))
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' has the arrays {string.Join(", ", npz.Keys)} but none for the model's input '{input.Name}'; give one array per input, under its name.");
        return new ArrayItemSet(ArrayItems.Numbers(npz.Read(input.Name), $"{path}:{input.Name}"), input.Geometry);
    }
}
