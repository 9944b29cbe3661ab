using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Tasks;

/// <summary>
/// Which tensors of a network show that two forms of it compute the same: float outputs themselves, and for an integer
/// output (an ArgMax, a count) or one that is no tensor (a ZipMap's list of maps) the nearest floats before it. An
/// integer says little when equal, and may differ by rounding alone.
/// </summary>
static class ComparedTensors
{
    /// <summary>Names, all of them float tensors that nodes make.</summary>
    public static IReadOnlyList<string> Of(NormalisedModel model)
    {
        var jumps = Jumps(model);
        var pending = new Stack<(string Tensor, bool IsOutput)>(model.Proto.Graph.Output.Select(o => (o.Name, true)));
        HashSet<string> seen = [], found = [];
        while (pending.TryPop(out var at))
        {
            if (!seen.Add(at.Tensor) || model.Index.Producer(at.Tensor) is not { } node) continue;
            if (model.Trace.Shapes.ContainsKey(at.Tensor) && IsFloat(model, at.Tensor) && (at.IsOutput || !jumps.Contains(at.Tensor))) found.Add(at.Tensor);
            else
                foreach (var input in node.Input) pending.Push((input, false));
        }
        return [.. found.Order(StringComparer.Ordinal)];
    }

    /// <summary>True for a traced float tensor of any width.</summary>
    public static bool IsFloat(NormalisedModel model, string tensor) => model.Trace.ElementType(tensor)
        is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Double;

    /// <summary>Tensors that depend on floats through integers or truth values, where rounding can make them jump.</summary>
    public static IReadOnlySet<string> Jumps(NormalisedModel model)
    {
        var jumps = new HashSet<string>();
        foreach (var node in model.Proto.Graph.Node)
        {
            var data = node.Input.Where(i => i.Length > 0 && model.Index.Initializer(i) is null).ToArray();
            if (node.OpType is "Shape" or "Size") continue;
            if (data.Any(jumps.Contains) || (data.Any(i => IsFloat(model, i)) && node.Output.Any(o => o.Length > 0 && !IsFloat(model, o))))
                jumps.UnionWith(node.Output);
        }
        return jumps;
    }
}
