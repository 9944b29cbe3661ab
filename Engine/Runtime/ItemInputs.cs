using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// What each input of a model gets of whole items, which lie one after the other as <see cref="ItemSet.Fill"/> writes them: an item of a
/// model with several inputs is what the first one gets, then the second, and so on.
/// </summary>
static class ItemInputs
{
    /// <summary>The share of each input, in the order of the model's inputs.</summary>
    /// <param name="items">Where the items come from; it says which values are whose.</param>
    /// <param name="values">The items, at least <paramref name="rows"/> of them.</param>
    /// <param name="rows">Items of the batch.</param>
    public static BatchInput[] Split(ItemSet items, float[] values, int rows) => Split([.. items.Parts.Select(part => Shape(part, rows))], values);

    /// <summary>The share of each input, in the order of the model's inputs.</summary>
    /// <param name="shapes">Shapes of the shares, the batch first.</param>
    /// <param name="values">The items.</param>
    public static BatchInput[] Split(IReadOnlyList<long[]> shapes, float[] values)
    {
        if (shapes.Count == 1) return [new BatchInput(values, shapes[0])];
        int[] lengths = [.. shapes.Select(shape => (int)shape.Skip(1).Aggregate(1L, (a, b) => a * b))];
        var shares = new BatchInput[shapes.Count];
        for (int i = 0, at = 0; i < shares.Length; at += lengths[i++])
        {
            var own = new float[shapes[i][0] * lengths[i]];
            Share(values, lengths.Sum(), at, own, lengths[i]);
            shares[i] = new BatchInput(own, shapes[i]);
        }
        return shares;
    }

    /// <summary>The shares of those inputs of a model that a part of it has, in the order in which the part takes them.</summary>
    /// <param name="model">The whole model.</param>
    /// <param name="part">The part; nothing but inputs of the model goes into it.</param>
    /// <param name="items">Where the items come from.</param>
    /// <param name="values">The items.</param>
    /// <param name="rows">Items of the batch.</param>
    public static BatchInput[] Split(GraphIndex model, BatchRunner part, ItemSet items, float[] values, int rows)
    {
        var shares = model.Inputs.Zip(Split(items, values, rows)).ToDictionary(p => p.First.Name, p => p.Second);
        return [.. part.Inputs.Select(name => shares[name])];
    }

    /// <summary>Refuses items that are not made for as many inputs as a model has.</summary>
    /// <exception cref="OnnxEngineException">They are not (<see cref="ErrorKind.Data"/>).</exception>
    public static void Require(IReadOnlyList<string> inputs, ItemSet items)
    {
        if (items.Parts.Count != inputs.Count)
            throw new OnnxEngineException(
                ErrorKind.Data, $"The model has {inputs.Count} inputs ({string.Join(", ", inputs.Select(i => $"'{i}'"))}) but the data has {items.Parts.Count}; give an .npz file with one array per input.");
    }

    /// <summary>Shape of a batch of one input.</summary>
    public static long[] Shape(ItemSet part, int rows) => [rows, .. part.ItemShape.Select(extent => (long)extent)];

    /// <summary>Copies one input's share of items.</summary>
    /// <param name="values">Whole items.</param>
    /// <param name="length">Values of a whole item.</param>
    /// <param name="at">Where the share begins in an item.</param>
    /// <param name="own">Receives the shares, of as many items as there is room for.</param>
    /// <param name="share">Values of a share.</param>
    public static void Share(ReadOnlySpan<float> values, int length, int at, Span<float> own, int share)
    {
        for (var row = 0; row < own.Length / share; row++) values.Slice(row * length + at, share).CopyTo(own[(row * share)..]);
    }
}
