using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Runtime;

/// <summary>The items of a data set as the inputs of a model take them: one set per input, grouped where the model insists on a batch.</summary>
sealed class ModelItems
{
    /// <summary>Fits data to a model.</summary>
    /// <exception cref="OnnxEngineException">They do not fit (<see cref="ErrorKind.Data"/>).</exception>
    public ModelItems(ModelProto model, ItemLayout layout, ItemSet images)
    {
        var inputs = new GraphIndex(model.Graph).Inputs;
        var parts = images.Parts;
        if (parts.Count != inputs.Count)
            throw new OnnxEngineException(
                ErrorKind.Data, $"The model has {inputs.Count} inputs ({string.Join(", ", inputs.Select(i => $"'{i.Name}'"))}) but the data has {parts.Count}; give an .npz file with one array per input.");
        var size = Size(layout.RowShape(inputs[0].Name), parts[0]);
        for (var i = 0; i < inputs.Count; i++)
        {
            var shape = layout.RowShape(inputs[i].Name);
            if (size < 1 || Size(shape, parts[i]) != size || (size > 1 && layout.IsBatched))
                throw new OnnxEngineException(
                    ErrorKind.Data,
                    $"An item of the data has the shape [{string.Join(", ", parts[i].ItemShape)}] but the model's input '{inputs[i].Name}' takes [{string.Join(", ", shape)}]; give items of that shape, or another size with SlimOptions.InputShapes.");
        }
        Inputs = [.. inputs.Zip(parts, (input, part) => (input.Name, size == 1 ? part : new GroupedItemSet(part, size)))];
    }

    /// <summary>Items of each input, in the model's order.</summary>
    public IReadOnlyList<(string Name, ItemSet Items)> Inputs { get; }

    /// <summary>Number of items; of groups, where the model insists on a batch.</summary>
    public int Count => Inputs[0].Items.Count;

    // Items that one run takes; 0 when they do not fit.
    static int Size(long[] shape, ItemSet items)
    {
        var length = shape.Aggregate(1L, (a, b) => a * b);
        return length % items.ItemLength == 0 ? (int)(length / items.ItemLength) : 0;
    }
}
