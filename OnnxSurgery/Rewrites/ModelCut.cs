using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Rewrites;

/// <summary>
/// Cuts a model in two at a tensor: the suffix is everything that depends on the tensor, the trunk everything else that
/// is needed. Feeding the suffix with what the trunk returns gives what the model gives.
/// </summary>
static class ModelCut
{
    /// <summary>Cuts a model.</summary>
    /// <param name="model">A folded model with its traced shapes; not changed.</param>
    /// <param name="at">A tensor, or the name of a node, whose first output is meant.</param>
    /// <exception cref="OnnxSurgeryException">No such tensor or node, or nothing comes after it.</exception>
    public static CutParts Cut(NormalisedModel model, string at)
    {
        var (graph, trace) = (model.Proto.Graph, model.Trace);
        var tensor = Find(graph, at);
        HashSet<string> suffix = [tensor];
        foreach (var node in graph.Node)
            if (Reads(node).Any(suffix.Contains)) suffix.UnionWith(node.Output.Where(o => o.Length > 0));
        var outputs = graph.Output.Select(o => o.Name).ToArray();
        var suffixOutputs = outputs.Where(o => o != tensor && suffix.Contains(o)).ToArray();
        if (suffixOutputs.Length == 0) throw new OnnxSurgeryException($"Nothing that the model returns is computed from '{at}'; cut before it.");

        // Everything that the suffix reads from outside, constants excepted: shortcuts around the cut are read as well.
        var varying = Varying(graph);
        var crossing = graph.Node.Where(n => n.Output.Any(o => o != tensor && suffix.Contains(o))).SelectMany(Reads)
            .Where(i => varying.Contains(i) && (i == tensor || !suffix.Contains(i))).Append(tensor).Distinct().ToArray();
        var own = model.Index.Inputs.Select(i => i.Name).ToHashSet();
        string[] trunkOutputs = [.. crossing.Where(c => !own.Contains(c)), .. outputs.Where(o => (o == tensor || !suffix.Contains(o)) && !crossing.Contains(o))];
        var second = SubgraphExtraction.Between(model.Proto, trace, [.. crossing, .. own.Except([tensor])], suffixOutputs);
        if (trunkOutputs.Length == 0) throw new OnnxSurgeryException($"Nothing is computed before '{at}'; what lies behind the cut would be the whole model.");
        var first = SubgraphExtraction.Between(model.Proto, trace, own, trunkOutputs);
        foreach (var part in (ModelProto[])[first, second]) Describe(part, model);
        return new CutParts(first, second, crossing);
    }

    /// <summary>
    /// The tensors at which a graph can be cut with nothing passing by, in graph order: all that reaches
    /// <paramref name="of"/> from the inputs goes through each of them.
    /// </summary>
    /// <param name="graph">Nodes in topological order.</param>
    /// <param name="of">A tensor that the graph computes; the last cut.</param>
    /// <param name="weights">Inputs that are weights, if any: they do not count as ways around a cut.</param>
    public static IReadOnlyList<string> CutsBefore(GraphProto graph, string of, IReadOnlyCollection<string>? weights = null)
    {
        HashSet<string> needed = [of];
        foreach (var node in graph.Node.Reverse())
            if (node.Output.Any(needed.Contains)) needed.UnionWith(Reads(node));
        var varying = Varying(graph, weights);
        var nodes = graph.Node.Where(n => n.Output.Any(needed.Contains) && n.Output.Any(varying.Contains)).ToArray();
        var readers = nodes.SelectMany(n => Reads(n).Distinct()).CountBy(i => i).ToDictionary();
        HashSet<string> live = [.. new GraphIndex(graph).Inputs.Select(i => i.Name).Where(i => varying.Contains(i) && needed.Contains(i))];
        List<string> cuts = live.Count == 1 ? [live.Single()] : [];
        foreach (var node in nodes)
        {
            foreach (var input in Reads(node).Distinct())
                if (--readers[input] == 0) live.Remove(input);
            live.UnionWith(node.Output.Where(o => o == of || (needed.Contains(o) && readers.GetValueOrDefault(o) > 0)));
            if (live.Count == 1) cuts.Add(live.Single());
            if (live.Contains(of)) break;
        }
        return cuts;
    }

    static string Find(GraphProto graph, string at)
    {
        var names = new NodeNames(graph);
        if (graph.Node.Any(n => n.Output.Contains(at)) || new GraphIndex(graph).Inputs.Any(i => i.Name == at)) return at;
        var node = graph.Node.FirstOrDefault(n => names.Of(n) == at)
            ?? throw new OnnxSurgeryException($"The model has no tensor or node '{at}' to cut at; 'explain' lists the names.");
        return node.Output[0];
    }

    // What depends on the inputs.
    static HashSet<string> Varying(GraphProto graph, IReadOnlyCollection<string>? weights = null)
    {
        HashSet<string> varying = [.. new GraphIndex(graph).Inputs.Select(i => i.Name)];
        if (weights is not null && !varying.IsSubsetOf(weights)) varying.ExceptWith(weights);
        foreach (var node in graph.Node)
            if (Reads(node).Any(varying.Contains) || ConstantFolding.IsRandom(node)) varying.UnionWith(node.Output.Where(o => o.Length > 0));
        return varying;
    }

    static IEnumerable<string> Reads(NodeProto node) => node.Input.Concat(GraphIndex.Captures(node)).Where(i => i.Length > 0);

    // Names, types and sizes of what the parts take and return.
    static void Describe(ModelProto part, NormalisedModel model)
    {
        for (var i = 0; i < part.Graph.Input.Count; i++) part.Graph.Input[i] = Value(part.Graph.Input[i].Name, model);
        for (var i = 0; i < part.Graph.Output.Count; i++) part.Graph.Output[i] = Value(part.Graph.Output[i].Name, model);
    }

    static ValueInfoProto Value(string name, NormalisedModel model)
    {
        var graph = model.Proto.Graph;
        if (graph.Input.Concat(graph.Output).FirstOrDefault(v => v.Name == name) is { } known) return known.Clone();
        var type = new TypeProto.Types.Tensor { ElemType = (int)model.Trace.ElementType(name), Shape = new TensorShapeProto() };
        var shape = model.Trace.Shape(name);
        for (var a = 0; a < shape.Length; a++)
            type.Shape.Dim.Add(a == model.Trace.BatchAxis(name)
                ? new TensorShapeProto.Types.Dimension { DimParam = "batch" }
                : new TensorShapeProto.Types.Dimension { DimValue = shape[a] });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }
}
