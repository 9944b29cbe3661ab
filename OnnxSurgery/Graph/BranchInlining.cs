using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Replaces an If whose condition is a constant by the branch that is taken (torch.squeeze asks whether an extent is 1, also
/// where it is known). Changes the model in place.
/// </summary>
static class BranchInlining
{
    /// <summary>Folds constants and inlines until neither finds anything more; true when an If went.</summary>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime cannot run a constant sub-graph.</exception>
    public static bool Settle(ModelProto model)
    {
        var any = false;
        while (model.Graph.Node.Any(IsIf))
        {
            ConstantFolding.Apply(model);
            if (!Inline(model)) break;
            any = true;
        }
        if (any) ConstantFolding.Apply(model);
        return any;
    }

    /// <summary>True for an If of the standard operators.</summary>
    public static bool IsIf(NodeProto node) => node.OpType == "If" && node.IsStandard();

    static bool Inline(ModelProto model)
    {
        var graph = model.Graph;
        var conditions = graph.Initializer.Where(t => t.DataType == (int)TensorProto.Types.DataType.Bool).ToDictionary(t => t.Name);
        // What the caller may give another value is no constant; before IR version 4 all initializers are listed.
        if (model.IrVersion >= 4)
            foreach (var input in graph.Input) conditions.Remove(input.Name);
        var any = false;
        for (var i = 0; i < graph.Node.Count; i++)
        {
            var node = graph.Node[i];
            if (!IsIf(node) || !conditions.TryGetValue(node.Input[0], out var condition) || TensorData.ElementCount(condition) != 1) continue;
            var isThen = TensorData.Bytes(condition)[0] != 0;
            if (node.Find(isThen ? "then_branch" : "else_branch")?.G is not { SparseInitializer.Count: 0 } branch || branch.Output.Count < node.Output.Count) continue;
            graph.Node.RemoveAt(i);
            foreach (var inner in Body(node, branch, graph)) graph.Node.Insert(i++, inner);
            i--;
            any = true;
        }
        return any;
    }

    static List<NodeProto> Body(NodeProto node, GraphProto branch, GraphProto graph)
    {
        var prefix = node.Output.First(o => o.Length > 0);
        Dictionary<string, string> names = [];
        var made = branch.Node.SelectMany(n => n.Output).Where(o => o.Length > 0).ToHashSet();
        for (var o = 0; o < node.Output.Count; o++)
            if (node.Output[o].Length > 0 && made.Contains(branch.Output[o].Name)) names.TryAdd(branch.Output[o].Name, node.Output[o]);
        foreach (var name in made.Concat(branch.Initializer.Select(t => t.Name))) names.TryAdd(name, $"{prefix}/{name}");
        foreach (var tensor in branch.Initializer)
        {
            var copy = tensor.Clone();
            copy.Name = names[tensor.Name];
            graph.Initializer.Add(copy);
        }
        List<NodeProto> body = [];
        foreach (var inner in branch.Node)
        {
            var copy = inner.Clone();
            if (copy.Name.Length > 0) copy.Name = $"{prefix}/{copy.Name}";
            Rename(copy, names);
            for (var o = 0; o < copy.Output.Count; o++) copy.Output[o] = names.GetValueOrDefault(copy.Output[o], copy.Output[o]);
            body.Add(copy);
        }
        // A branch may return what stands outside of it, or the same twice.
        for (var o = 0; o < node.Output.Count; o++)
            if (node.Output[o].Length > 0 && names.GetValueOrDefault(branch.Output[o].Name, branch.Output[o].Name) is var source && source != node.Output[o])
                body.Add(NodeAttributes.Node("Identity", [source], [node.Output[o]]));
        return body;
    }

    // What is read, in sub-graphs, too, but for what these make themselves.
    static void Rename(NodeProto node, IReadOnlyDictionary<string, string> names)
    {
        for (var i = 0; i < node.Input.Count; i++) node.Input[i] = names.GetValueOrDefault(node.Input[i], node.Input[i]);
        foreach (var inner in node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G)))
        {
            HashSet<string> own = [.. inner.Input.Select(i => i.Name), .. inner.Initializer.Select(t => t.Name), .. inner.Node.SelectMany(n => n.Output)];
            var visible = names.Where(n => !own.Contains(n.Key)).ToDictionary();
            foreach (var each in inner.Node) Rename(each, visible);
            foreach (var output in inner.Output) output.Name = visible.GetValueOrDefault(output.Name, output.Name);
        }
    }
}
