using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model.Loading;

/// <summary>Declared extents of 0, with which some exporters mean "any": a tensor of that shape would hold nothing.</summary>
static class ZeroExtents
{
    /// <summary>Opens them, the first of a tensor as the batch, and then drops what inner tensors declare of such. Changes the graph in place.</summary>
    /// <returns>Inputs and outputs that had one, in the order of the graph.</returns>
    public static IReadOnlyList<string> Open(GraphProto graph)
    {
        HashSet<string> stored = [.. graph.Initializer.Select(t => t.Name)];
        List<string> opened = [];
        foreach (var value in graph.Input.Where(i => !stored.Contains(i.Name)).Concat(graph.Output))
        {
            if (!HasZero(value)) continue;
            opened.Add(value.Name);
            var dims = value.Type.TensorType.Shape.Dim;
            for (var a = 0; a < dims.Count; a++)
                if (IsZero(dims[a])) dims[a] = new() { DimParam = a == 0 ? "batch" : $"{value.Name}_{a}" };
        }
        // What ran as it was stays as it was.
        for (var i = graph.ValueInfo.Count - 1; i >= 0 && opened.Count > 0; i--)
            if (HasZero(graph.ValueInfo[i])) graph.ValueInfo.RemoveAt(i);
        return opened;
    }

    static bool HasZero(ValueInfoProto value) => value.Type?.TensorType?.Shape?.Dim.Any(IsZero) == true;

    static bool IsZero(TensorShapeProto.Types.Dimension dim) => dim.HasDimValue && dim.DimValue == 0;
}
