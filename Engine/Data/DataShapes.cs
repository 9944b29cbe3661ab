using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Data;

/// <summary>What the data settles where the model leaves it open: shapes of inputs, and values that make sense to it.</summary>
static class DataShapes
{
    /// <summary>Items that a model is tried out on: several, so that an edit that mixes them is seen.</summary>
    const int Tried = 4;

    /// <summary>Adds to the shapes given what the items of the data look like, -1 for the batch.</summary>
    public static IReadOnlyDictionary<string, long[]> Complete(ModelProto model, IReadOnlyDictionary<string, long[]>? given, ItemSet? items)
    {
        var shapes = new Dictionary<string, long[]>(given ?? new Dictionary<string, long[]>());
        var inputs = new GraphIndex(model.Graph).Inputs;
        if (items is null || items.Parts.Count != inputs.Count) return shapes;
        var declared = new InputShapes(inputs);
        foreach (var (input, part) in inputs.Zip(items.Parts))
        {
            var rank = input.Type?.TensorType?.Shape?.Dim.Count ?? 0;
            if (shapes.ContainsKey(input.Name) || !Enumerable.Range(0, rank).Any(axis => declared.IsOpen(input, axis))) continue;
            var shape = part.ItemShape.Select(extent => (long)extent).ToList();
            if (shape.Count == rank - 1) shape.Insert(Math.Max(0, declared.BatchAxis(input)), -1);
            if (shape.Count == rank) shapes[input.Name] = [.. shape];
        }
        return shapes;
    }

    /// <summary>A model folded and traced at the sizes that were given or that its data has.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="given">Sizes by input name, -1 for the batch; null: none.</param>
    /// <param name="items">The data.</param>
    /// <exception cref="OnnxSurgeryException">The model cannot be run.</exception>
    public static NormalisedModel Normalised(ModelProto model, IReadOnlyDictionary<string, long[]>? given, ItemSet items) =>
        NormalisedModel.Create(model, Complete(model, given, items), Example(model, items));

    /// <summary>The values of the first items by input, row-major, one item after the other: what a model is tried out on; empty without items.</summary>
    public static IReadOnlyDictionary<string, float[]> Example(ModelProto model, ItemSet? items)
    {
        var inputs = new GraphIndex(model.Graph).Inputs;
        if (items is not { Count: > 0 } || items.Parts.Count != inputs.Count) return new Dictionary<string, float[]>();
        var count = Math.Min(Tried, items.Count);
        return inputs.Zip(items.Parts).ToDictionary(p => p.First.Name, p =>
        {
            var values = new float[count * p.Second.ItemLength];
            p.Second.Fill(0, count, values);
            return values;
        });
    }
}
