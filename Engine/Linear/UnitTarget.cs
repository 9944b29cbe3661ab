using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Linear;

/// <summary>
/// What the output of a linear unit should reproduce. Where it is summed with a branch that is already settled (a
/// residual block), the target is the original sum minus what the edited branch delivers, so that each block also
/// corrects the error that has built up in the residual stream.
/// </summary>
/// <param name="Unit">The unit, of the edited graph.</param>
/// <param name="Tensor">Tensor whose original value is the target: the unit's output, or the sum it goes into.</param>
/// <param name="Other">The other operand of that sum in the edited network, or null.</param>
/// <param name="Activation">The operator that alone reads <paramref name="Tensor"/> if it is a Relu, else null.</param>
sealed record UnitTarget(LinearUnit Unit, string Tensor, string? Other, NodeProto? Activation)
{
    /// <summary>Targets of all linear units of a graph, in graph order.</summary>
    public static List<UnitTarget> All(ModelProto model, ShapeTrace trace)
    {
        var graph = model.Graph;
        var index = new GraphIndex(graph);
        var units = graph.Node.Select(n => LinearUnit.Of(n, graph, index)).OfType<LinearUnit>()
            .Where(u => trace.Shape(u.Input).Length > 1).ToList(); // The product of a lone vector has no axis to put items along.
        var order = new Dictionary<string, int>();
        for (var i = 0; i < units.Count; i++) order[units[i].Output] = i;
        var latest = LatestUnit(graph, order);
        return [.. units.Select((u, i) => Of(u, i, index, latest, trace))];
    }

    static UnitTarget Of(LinearUnit unit, int position, GraphIndex index, Dictionary<string, int> latest, ShapeTrace trace)
    {
        var (tensor, other) = (unit.Output, (string?)null);
        if (!index.IsOutput(tensor) && index.Consumers(tensor) is [{ OpType: "Add" } add] && add.Input[0] != add.Input[1])
        {
            var operand = add.Input[0] == tensor ? add.Input[1] : add.Input[0];
            if (index.Initializer(operand) is null && latest.GetValueOrDefault(operand, -1) < position
                && trace.Shape(operand).AsSpan().SequenceEqual(trace.Shape(tensor)))
                (tensor, other) = (add.Output[0], operand);
        }
        var relu = !index.IsOutput(tensor) && index.Consumers(tensor) is [{ OpType: "Relu" } only] ? only : null;
        return new UnitTarget(unit, tensor, other, relu);
    }

    // For every tensor, the last unit among its ancestors.
    static Dictionary<string, int> LatestUnit(GraphProto graph, Dictionary<string, int> order)
    {
        Dictionary<string, int> latest = [];
        foreach (var node in graph.Node)
        {
            var last = node.Input.Concat(GraphIndex.Captures(node)).Select(i => latest.GetValueOrDefault(i, -1)).DefaultIfEmpty(-1).Max();
            foreach (var o in node.Output) latest[o] = order.TryGetValue(o, out var own) ? Math.Max(last, own) : last;
        }
        return latest;
    }
}
