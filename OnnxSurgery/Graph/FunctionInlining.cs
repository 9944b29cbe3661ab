using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Replaces calls of model-local functions by their bodies, as ONNX Runtime does before it runs a model: layers that an
/// exporter wraps in functions can then be followed. Functions that need another operator set version than the model, or hold
/// sub-graphs, stay calls. Changes the model in place.
/// </summary>
static class FunctionInlining
{
    /// <summary>Nested calls beyond this are left alone: a function may not call itself, but a damaged file may say so.</summary>
    const int DeepestCall = 32;

    /// <summary>Nodes beyond which calls stay: a few functions that call each other twice make any number of them.</summary>
    const int MostNodes = 200_000;

    /// <summary>Inlines.</summary>
    public static void Apply(ModelProto model)
    {
        var functions = model.Functions.Where(f => Fits(f, model)).GroupBy(f => (f.Domain, f.Name)).ToDictionary(g => g.Key, g => g.First());
        if (functions.Count == 0) return;
        for (var depth = 0; depth < DeepestCall && model.Graph.Node.Any(IsCall); depth++)
        {
            var nodes = model.Graph.Node.ToArray();
            if (nodes.Sum(n => IsCall(n) ? functions[(n.Domain, n.OpType)].Node.Count : 1L) > MostNodes) break;
            model.Graph.Node.Clear();
            foreach (var node in nodes)
                if (IsCall(node)) model.Graph.Node.AddRange(Body(functions[(node.Domain, node.OpType)], node));
                else model.Graph.Node.Add(node);
        }
        var called = model.Graph.Node.Concat(model.Functions.SelectMany(f => f.Node)).Select(n => (n.Domain, n.OpType)).ToHashSet();
        foreach (var (key, function) in functions)
            if (!called.Contains(key)) model.Functions.Remove(function);

        bool IsCall(NodeProto node) => node.Overload.Length == 0 && functions.ContainsKey((node.Domain, node.OpType));
    }

    static bool Fits(FunctionProto function, ModelProto model) =>
        function.Overload.Length == 0 && function.Node.All(n => n.Attribute.All(a => a.G is null && a.Graphs.Count == 0))
        && function.OpsetImport.All(own => model.OpsetImport.Any(o => Same(o.Domain, own.Domain) && o.Version == own.Version));

    static bool Same(string a, string b) => (a is "ai.onnx" ? "" : a) == (b is "ai.onnx" ? "" : b);

    static IEnumerable<NodeProto> Body(FunctionProto function, NodeProto call)
    {
        var prefix = call.Output.First(o => o.Length > 0);
        var names = new Dictionary<string, string> { [""] = "" };
        for (var i = 0; i < function.Input.Count; i++) names[function.Input[i]] = i < call.Input.Count ? call.Input[i] : "";
        for (var o = 0; o < function.Output.Count; o++)
            if (o < call.Output.Count && call.Output[o].Length > 0 && !names.ContainsKey(function.Output[o])) names[function.Output[o]] = call.Output[o];
        string Renamed(string name) => names.TryGetValue(name, out var known) ? known : names[name] = $"{prefix}/{name}";
        foreach (var node in function.Node)
        {
            var copy = node.Clone();
            copy.Name = $"{(call.Name.Length > 0 ? call.Name : prefix)}/{(node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(""))}";
            for (var i = 0; i < copy.Input.Count; i++) copy.Input[i] = Renamed(copy.Input[i]);
            for (var o = 0; o < copy.Output.Count; o++) copy.Output[o] = Renamed(copy.Output[o]);
            for (var a = copy.Attribute.Count - 1; a >= 0; a--)
                if (copy.Attribute[a].RefAttrName.Length > 0) Resolve(copy, a, function, call);
            yield return copy;
        }
        // A function may return what it was given.
        for (var o = 0; o < function.Output.Count && o < call.Output.Count; o++)
            if (call.Output[o].Length > 0 && names[function.Output[o]] != call.Output[o])
                yield return NodeAttributes.Node("Identity", [names[function.Output[o]]], [call.Output[o]]);
    }

    // An attribute of the call, the default of the function, or none.
    static void Resolve(NodeProto node, int at, FunctionProto function, NodeProto call)
    {
        var wanted = node.Attribute[at];
        var value = call.Find(wanted.RefAttrName) ?? function.AttributeProto.FirstOrDefault(a => a.Name == wanted.RefAttrName);
        node.Attribute.RemoveAt(at);
        if (value is null || value.Type == AttributeType.Undefined) return;
        var copy = value.Clone();
        copy.Name = wanted.Name;
        node.Attribute.Insert(at, copy);
    }
}
