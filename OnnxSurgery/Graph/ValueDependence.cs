using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Which tensors depend on the values that are fed to a graph, and which have extents that do: those of a Slice whose bounds are
/// fed, of NonZero, of whatever is computed from such. What Shape returns of these is data, however constant it came out
/// in a trace; of all other tensors it depends on the sizes of the inputs alone. Errs towards dependence.
/// Precondition: nodes in topological order.
/// </summary>
sealed class ValueDependence
{
    const string Microsoft = "com.microsoft";

    // Operators whose output has as many elements as there are of a kind in the data.
    static readonly HashSet<string> _counted =
        ["NonZero", "Compress", "Unique", "NonMaxSuppression", "StringSplit", "ImageDecoder", "BeamSearch", "GreedySearch", "Sampling", "RemovePadding"];

    // Inputs whose values are sizes, bounds, counts or axes of the output.
    static readonly Dictionary<string, int[]> _sizes = new()
    {
        ["Reshape"] = [1],
        ["Expand"] = [1],
        ["Tile"] = [1],
        ["Slice"] = [1, 2, 3, 4],
        ["Pad"] = [1, 3],
        ["Resize"] = [1, 2, 3],
        ["Upsample"] = [1],
        ["Split"] = [1],
        ["SplitToSequence"] = [1],
        ["SequenceAt"] = [1],
        ["SequenceInsert"] = [2],
        ["SequenceErase"] = [1],
        ["TopK"] = [1],
        ["ConstantOfShape"] = [0],
        ["Range"] = [0, 1, 2],
        ["OneHot"] = [1],
        ["Squeeze"] = [1],
        ["Unsqueeze"] = [1],
        ["MaxUnpool"] = [2],
        ["CenterCropPad"] = [1],
        ["AffineGrid"] = [1],
        ["Col2Im"] = [1, 2],
        ["DFT"] = [1, 2],
        ["STFT"] = [1, 3],
        ["BlackmanWindow"] = [0],
        ["HannWindow"] = [0],
        ["HammingWindow"] = [0],
        ["MelWeightMatrix"] = [0, 1],
        ["ExpandDims"] = [1],
    };

    readonly HashSet<string> _values = [], _extents = [];

    /// <summary>Follows the graph from its inputs.</summary>
    /// <param name="index">The graph.</param>
    public ValueDependence(GraphIndex index)
    {
        _values.UnionWith(index.Inputs.Select(i => i.Name));
        foreach (var node in index.Graph.Node)
        {
            if (HasFedExtents(node)) _extents.UnionWith(node.Output);
            if (HasFedValues(node)) _values.UnionWith(node.Output);
        }
    }

    /// <summary>True when what the tensor holds may depend on the values of an input, or is drawn.</summary>
    public bool OfValues(string tensor) => _values.Contains(tensor);

    /// <summary>True when the size of the tensor may depend on the values of an input.</summary>
    public bool OfExtents(string tensor) => _extents.Contains(tensor);

    bool HasFedExtents(NodeProto node)
    {
        var fed = node.Input.Any(_values.Contains);
        // A size is one number, whatever is counted.
        if (node.OpType is "Shape" or "Size" && node.IsStandard()) return false;
        if (node.Input.Any(_extents.Contains)) return true;
        // What a graph inside makes may have any size.
        if (node.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0)) return fed || GraphIndex.Captures(node).Any(c => _values.Contains(c) || _extents.Contains(c));
        if (!node.IsStandard() && node.Domain != Microsoft) return fed;
        if (_counted.Contains(node.OpType)) return fed;
        if (_sizes.TryGetValue(node.OpType, out var sizes)) return sizes.Any(i => i < node.Input.Count && _values.Contains(node.Input[i]));
        // Since opset 18 reductions take their axes as an input.
        return node.OpType.StartsWith("Reduce", StringComparison.Ordinal) && node.Input.Skip(1).Any(_values.Contains);
    }

    bool HasFedValues(NodeProto node) =>
        node.OpType is "Shape" or "Size" && node.IsStandard() ? node.Input.Any(_extents.Contains)
            : ConstantFolding.IsRandom(node) || node.Input.Concat(GraphIndex.Captures(node)).Any(i => _values.Contains(i) || _extents.Contains(i));
}
