using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery;

/// <summary>
/// Multiplies data inputs of linear operators by 0/1 masks. The masked model computes what the model without the
/// masked channels computes, which is how a removal is checked.
/// </summary>
public static class MaskInsertion
{
    /// <summary>A copy of the analysed model in which every consumer sees zeros where the given cells were.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="removed">One flag per cell.</param>
    public static ModelProto Apply(ChannelAnalysis analysis, IReadOnlyList<bool> removed)
    {
        var source = analysis.Model.Proto;
        var model = source.Clone();
        var slices = analysis.Consumers.Where(c => c.Channels.Ids.Any(i => i >= 0 && removed[i])).ToLookup(c => c.Node);
        model.Graph.Node.Clear();
        foreach (var node in source.Graph.Node)
        {
            var copy = node.Clone();
            foreach (var slice in slices[node])
            {
                var tensor = node.Input[slice.Input];
                var rank = analysis.Model.Trace.Shape(tensor).Length;
                var dims = Enumerable.Repeat(1L, rank).ToArray();
                dims[slice.Channels.Axis] = slice.Channels.Ids.Length;
                var prefix = $"{node.Output[0]}_in{slice.Input}";
                model.Graph.Initializer.Add(TensorData.FromFloats($"{prefix}_mask", dims,
                    Array.ConvertAll(slice.Channels.Ids, c => c >= 0 && removed[c] ? 0f : 1f)));
                model.Graph.Node.Add(NodeAttributes.Node("Mul", [tensor, $"{prefix}_mask"], [$"{prefix}_masked"]));
                copy.Input[slice.Input] = $"{prefix}_masked";
            }
            model.Graph.Node.Add(copy);
        }
        return model;
    }
}
