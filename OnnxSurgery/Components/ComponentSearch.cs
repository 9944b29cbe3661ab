using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Components;

/// <summary>
/// Finds the components of a network from its graph: output filters of convolutions, outputs of linear layers, attention
/// heads, channels of residual streams. The layers that make the scores (the classifier) have none; convolutions on shortcuts only on demand, as in the
/// published attributions (Shah et al., 2024).
/// </summary>
sealed class ComponentSearch
{
    readonly NormalisedModel _model;
    readonly HashSet<NodeProto> _last = new(ReferenceEqualityComparer.Instance);

    ComponentSearch(NormalisedModel model, IEnumerable<string> scores)
    {
        _model = model;
        // Nothing but the classifier lies between the scores and the first layer behind them.
        var pending = new Stack<string>(scores);
        HashSet<string> seen = [];
        while (pending.TryPop(out var tensor))
        {
            if (!seen.Add(tensor) || model.Index.Producer(tensor) is not { } node) continue;
            if (HasWeights(node)) _last.Add(node);
            else
                foreach (var i in node.Input.Where(i => i.Length > 0)) pending.Push(i);
        }
    }

    /// <summary>Finds components.</summary>
    /// <param name="model">A folded model with its traced shapes.</param>
    /// <param name="scores">Its outputs that hold scores; what makes them directly is no component.</param>
    /// <param name="kinds">What to look for.</param>
    /// <param name="shortcuts">True: convolutions on shortcuts count, too.</param>
    /// <param name="layers">Parts of names of layers, one of which a layer has to have; null: all layers.</param>
    /// <exception cref="OnnxSurgeryException">There are none.</exception>
    public static ComponentMap Find(NormalisedModel model, IEnumerable<string> scores, ComponentKinds kinds, bool shortcuts = false, IReadOnlyList<string>? layers = null)
    {
        var search = new ComponentSearch(model, scores);
        var found = model.Proto.Graph.Node.Select(n => search.Layer(n, kinds, shortcuts)).OfType<ComponentLayer>().ToArray();
        if (found.Length == 0)
            throw new OnnxSurgeryException($"The model has no components of the kind {Words.Of(kinds).Replace(",", ", ", StringComparison.Ordinal)}; ask for others ({string.Join(", ", Words.All<ComponentKinds>())}).");
        var names = new LayerNames(found.Select(l => l.Node), model.Proto.Graph);
        ComponentLayer[] named = [.. found.Select(l => l with { Name = names.Of(l.Node) })];
        if (layers is null) return new ComponentMap(named);
        ComponentLayer[] wanted = [.. named.Where(l => layers.Any(part => l.Name.Contains(part, StringComparison.Ordinal)))];
        return wanted.Length > 0 ? new ComponentMap(wanted)
            : throw new OnnxSurgeryException($"No layer with components has a name with {string.Join(" or ", layers.Select(l => $"'{l}'"))} in it; there are {string.Join(", ", named.Select(l => l.Name))}.");
    }

    ComponentLayer? Layer(NodeProto node, ComponentKinds kinds, bool shortcuts)
    {
        if (_last.Contains(node) || !node.IsStandard() || node.Output.Count == 0 || !_model.Trace.Shapes.TryGetValue(node.Output[0], out var shape)) return null;
        switch (node.OpType)
        {
            case "Conv" or "ConvTranspose" when kinds.HasFlag(ComponentKinds.Filters) && HasWeights(node) && (shortcuts || !IsShortcut(node)):
                return new ComponentLayer("", ComponentKinds.Filters, node, 1, (int)shape[1], 1);
            case "Gemm" or "MatMul" when HasWeights(node):
                var kind = kinds.HasFlag(ComponentKinds.Units) ? ComponentKinds.Units : kinds.HasFlag(ComponentKinds.Neurons) && IsActivated(node.Output[0]) ? ComponentKinds.Neurons : ComponentKinds.None;
                return kind == ComponentKinds.None ? null : new ComponentLayer("", kind, node, shape.Length - 1, (int)shape[^1], 1);
            case "MatMul" when kinds.HasFlag(ComponentKinds.Heads) && shape.Length == 4 && shape[1] > 1 && ComesFromSoftmax(node.Input[0]):
                return new ComponentLayer("", ComponentKinds.Heads, node, 1, (int)shape[1], 1);
            case "Add" or "Sum" when kinds.HasFlag(ComponentKinds.Channels) && shape.Length >= 2 && node.Input.Count == 2 && node.Input.All(i => IsBranch(i, shape)):
                var axis = shape.Length == 3 ? 2 : 1;
                return new ComponentLayer("", ComponentKinds.Channels, node, axis, (int)shape[axis], 1);
            case "Attention" when kinds.HasFlag(ComponentKinds.Heads):
                return Attention(node, shape);
            default:
                return null;
        }
    }

    // Computed, and as large as the sum.
    bool IsBranch(string tensor, long[] sum) => _model.Index.Producer(tensor) is not null && _model.Trace.Shapes.TryGetValue(tensor, out var own) && own.SequenceEqual(sum);

    // The operator of opset 23: heads lie along an axis of their own, or packed along the last one.
    static ComponentLayer? Attention(NodeProto node, long[] shape)
    {
        if (shape.Length == 4) return new ComponentLayer("", ComponentKinds.Heads, node, 1, (int)shape[1], 1);
        var heads = (int)node.Int("q_num_heads", 0);
        return heads > 1 ? new ComponentLayer("", ComponentKinds.Heads, node, shape.Length - 1, heads, (int)shape[^1] / heads) : null;
    }

    bool HasWeights(NodeProto node) => node.IsStandard() && node.OpType switch
    {
        "Conv" or "ConvTranspose" or "Gemm" or "MatMul" => IsFloat(node.Input[1]),
        _ => false,
    };

    bool IsFloat(string tensor) => _model.Index.Initializer(tensor) is { } t && TensorData.IsFloat(t);

    // Normalisation aside, the result of this convolution is added to something that is computed from the same input.
    bool IsShortcut(NodeProto node)
    {
        if (_model.Index.Initializer(node.Input[1])!.Dims.Skip(2).Any(k => k != 1)) return false;
        var tensor = node.Output[0];
        while (_model.Index.Consumers(tensor) is [{ OpType: "BatchNormalization" or "Identity" } next]) tensor = next.Output[0];
        return _model.Index.Consumers(tensor).Where(c => c.OpType is "Add" or "Sum")
            .Any(add => add.Input.Where(i => i != tensor).Any(other => DependsOn(other, node.Input[0])));
    }

    bool DependsOn(string tensor, string on)
    {
        var pending = new Stack<string>([tensor]);
        HashSet<string> seen = [];
        while (pending.TryPop(out var at))
        {
            // The identity of an ordinary block is its input itself; a shortcut has layers beside it.
            if (at == on) return tensor != on;
            if (!seen.Add(at) || _model.Index.Producer(at) is not { } node) continue;
            foreach (var i in node.Input.Where(i => i.Length > 0)) pending.Push(i);
        }
        return false;
    }

    // A bias and an activation function; the decomposed Gelu divides first.
    bool IsActivated(string tensor)
    {
        foreach (var c in _model.Index.Consumers(tensor))
        {
            if (c.OpType is "Relu" or "Gelu" or "FastGelu" or "QuickGelu" or "BiasGelu" or "Elu" or "Selu" or "Tanh" or "Sigmoid" or "LeakyRelu" or "PRelu" or "HardSwish" or "Swish" or "Mish" or "Softplus" or "Erf") return true;
            if (c.OpType == "Add" && c.Input.Any(i => _model.Index.Initializer(i) is not null) && IsActivated(c.Output[0])) return true;
            if (c.OpType is "Div" or "Mul" && c.Input.Any(i => _model.Index.Initializer(i) is { } t && TensorData.ElementCount(t) == 1) && _model.Index.Consumers(c.Output[0]).Any(n => n.OpType == "Erf")) return true;
            // Gelu by tanh begins with a cube.
            if (c.OpType == "Pow") return true;
        }
        return false;
    }

    bool ComesFromSoftmax(string tensor)
    {
        while (_model.Index.Producer(tensor) is { } node)
        {
            if (node.OpType == "Softmax") return true;
            if (node.OpType is not ("Cast" or "Dropout" or "Identity" or "Where" or "Mul")) return false;
            tensor = node.Input.FirstOrDefault(i => i.Length > 0 && _model.Index.Producer(i) is not null) ?? "";
        }
        return false;
    }
}
