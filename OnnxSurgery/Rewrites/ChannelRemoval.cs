using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Rewrites;

/// <summary>Removes channels physically: weights, biases, norm vectors, scales, and the constants of reshapes, slices, splits and pads.</summary>
static class ChannelRemoval
{
    /// <summary>A copy of the analysed model without the given cells.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="removed">One flag per cell.</param>
    /// <exception cref="OnnxSurgeryException">A cell is locked, or nothing would be left of a layer.</exception>
    public static ModelProto Apply(ChannelAnalysis analysis, IReadOnlyList<bool> removed)
    {
        Check(analysis, removed);
        bool Kept(int cell) => cell < 0 || !removed[cell];
        var model = analysis.Model.Proto.Clone();
        var graph = model.Graph;
        var tensors = graph.Initializer.ToDictionary(t => t.Name);
        foreach (var slice in analysis.Parameters)
        {
            if (slice.Ids.All(Kept)) continue;
            var tensor = tensors[slice.Tensor];
            TensorData.Keep(tensor, slice.Axis, [.. Enumerable.Range(0, slice.Ids.Length).Where(i => Kept(slice.Ids[i]))]);
        }
        var positions = new Dictionary<NodeProto, int>(ReferenceEqualityComparer.Instance);
        var nodes = graph.Node.ToArray(); // rewrites may insert others
        for (var i = 0; i < nodes.Length; i++) positions[analysis.Model.Proto.Graph.Node[i]] = i;
        foreach (var rewrite in analysis.Rewrites)
            rewrite.Apply(new RewriteSite(nodes[positions[rewrite.Node]], graph, id => Kept(analysis.CellOf(id))));
        UpdateOverridableInputs(graph);
        ConstantFolding.DropUnread(graph);
        return model;
    }

    static void Check(ChannelAnalysis analysis, IReadOnlyList<bool> removed)
    {
        for (var c = 0; c < removed.Count; c++)
            if (removed[c] && analysis.LockOf(c) is { } reason)
                throw new OnnxSurgeryException($"Channel cell {c} cannot be removed: {reason}.");
        foreach (var (name, channels) in analysis.Tensors)
            if (channels.Ids.Length > 0 && channels.Ids.All(c => c >= 0 && removed[c]))
                throw new OnnxSurgeryException($"Nothing would be left of tensor '{name}'; keep at least one of its channels.");
    }

    // Initializers that are also listed as inputs announce their shape there.
    static void UpdateOverridableInputs(GraphProto graph)
    {
        var tensors = graph.Initializer.ToDictionary(t => t.Name);
        foreach (var input in graph.Input)
        {
            if (!tensors.TryGetValue(input.Name, out var tensor) || input.Type?.TensorType?.Shape is not { } shape) continue;
            for (var a = 0; a < shape.Dim.Count && a < tensor.Dims.Count; a++) shape.Dim[a].DimValue = tensor.Dims[a];
        }
    }
}
