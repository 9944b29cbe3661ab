using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// Where channels are split into attention heads: the axis of a Reshape's output that ends up as a batch axis of a
/// product of two activations. Found by walking such axes back from every product.
/// </summary>
sealed class HeadAxes
{
    readonly NormalisedModel _model;
    readonly Dictionary<string, int> _axes = [];
    readonly HashSet<(string, int)> _seen = [];

    /// <summary>Looks at every product of a model.</summary>
    public HeadAxes(NormalisedModel model)
    {
        _model = model;
        foreach (var node in model.Proto.Graph.Node)
            foreach (var (tensor, axis) in Starts(node)) WalkBack(tensor, axis);
    }

    /// <summary>The head axis of the output of the Reshape that splits heads off, or null.</summary>
    public int? Of(string tensor) => _axes.TryGetValue(tensor, out var axis) ? axis : null;

    IEnumerable<(string, int)> Starts(NodeProto node)
    {
        var isProduct = node.IsStandard() ? node.OpType == "MatMul" : node is { Domain: "com.microsoft", OpType: "FusedMatMul" };
        if (!isProduct && (!node.IsStandard() || node.OpType is not ("Einsum" or "Attention"))) yield break;
        if (isProduct && node.Input.Any(i => _model.Index.Initializer(i) is not null)) yield break;
        if (node.OpType == "Einsum")
        {
            if (EinsumLabels.Of(node) is not { } labels) yield break;
            for (var i = 0; i < labels.Inputs.Length; i++)
                for (var a = 0; a < labels.Inputs[i].Length; a++)
                    if (_model.Index.Initializer(node.Input[i]) is null && labels.Output.Contains(labels.Inputs[i][a])
                        && labels.Inputs.All(l => l.Contains(labels.Inputs[i][a]))) yield return (node.Input[i], a);
            yield break;
        }
        var inputs = isProduct ? node.Input.Take(2) : node.Input.Take(3);
        foreach (var tensor in inputs)
            if (_model.Trace.Shapes.TryGetValue(tensor, out var shape))
                for (var a = 0; a < shape.Length - 2; a++) yield return (tensor, a);
    }

    void WalkBack(string tensor, int axis)
    {
        if (!_seen.Add((tensor, axis)) || _model.Index.Producer(tensor) is not { } node || !node.IsStandard()
            || !_model.Trace.Shapes.TryGetValue(tensor, out var shape) || shape[axis] == 1 || axis == _model.Trace.BatchAxis(tensor) && shape[axis] == _model.Trace.Batch) return;
        var rank = shape.Length;
        switch (node.OpType)
        {
            case "Transpose":
                WalkBack(node.Input[0], (int)(node.Ints("perm") ?? [.. Enumerable.Range(0, rank).Select(i => (long)(rank - 1 - i))])[axis]);
                return;
            case "Reshape" or "Squeeze" or "Unsqueeze" or "Flatten":
                ThroughReshape(node, shape, axis);
                return;
            case "Gather" when _model.Index.Initializer(node.Input[1]) is { Dims.Count: 0 }:
                var taken = (int)node.Int("axis", 0);
                WalkBack(node.Input[0], axis >= (taken < 0 ? taken + rank + 1 : taken) ? axis + 1 : axis);
                return;
            case "Softmax" or "MatMul" or "Gemm" or "Conv" or "Einsum" or "Attention":
                return;
            default:
                // Whatever keeps the axis where it is: elementwise operators, Split, Slice, Concat, Expand.
                foreach (var input in node.Input.Where(i => i.Length > 0 && _model.Trace.Shapes.ContainsKey(i)))
                {
                    var own = _model.Trace.Shape(input);
                    var at = axis - (rank - own.Length);
                    if (at >= 0 && own[at] == shape[axis]) WalkBack(input, at);
                }
                return;
        }
    }

    // The axis of the input that begins where this one begins; where that is longer, heads are split off here.
    void ThroughReshape(NodeProto node, long[] shape, int axis)
    {
        var input = _model.Trace.Shape(node.Input[0]);
        var before = shape.Take(axis).Aggregate(1L, (a, b) => a * b);
        for (long at = 0, product = 1; at < input.Length; product *= input[at++])
        {
            if (input[at] == 1 || product != before) continue;
            if (shape[axis] % input[at] == 0)
            {
                WalkBack(node.Input[0], (int)at);
                // Heads merged with what follows: [B, H, ...] as [B x H, ...].
                if (input[at] != shape[axis] && at + 1 < input.Length && input[at] == _model.Trace.Batch) WalkBack(node.Input[0], (int)at + 1);
                return;
            }
            break;
        }
        if (node.OpType == "Reshape") _axes.TryAdd(node.Output[0], axis);
    }
}
