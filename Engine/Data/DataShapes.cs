using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Data;

/// <summary>Input shapes that the data settles where the model leaves them open.</summary>
static class DataShapes
{
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
}
