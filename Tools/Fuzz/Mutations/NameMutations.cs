using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>Names: doubled, empty, dangling, very long, strange; cycles; versions of operator sets.</summary>
static class NameMutations
{
    static readonly string[] _strange = ["", " ", "\n", "a\nb\r\nc", "\u202Etxt", "\u0000", "../x", "/", "名前", "😀", "%s%n", "\u001B[31mred", "{0}", "'", new('x', 100_000)];

    public static IReadOnlyList<(string Name, Action<MutationSite> Apply)> All { get; } =
    [
        ("strange node name", s => { if (s.Node() is { } n) n.Name = Strange(s); }),
        ("strange operator", s => { if (s.Node() is { } n) n.OpType = Strange(s); }),
        ("strange domain", s => { if (s.Node() is { } n) n.Domain = Strange(s); }),
        ("strange input", s => { if (s.Node() is { Input.Count: > 0 } n) n.Input[s.Random.NextInt(n.Input.Count)] = Strange(s); }),
        ("strange output", s => { if (s.Node() is { Output.Count: > 0 } n) n.Output[s.Random.NextInt(n.Output.Count)] = Strange(s); }),
        ("rename a tensor everywhere", s => Rename(s, s.Tensor(), Strange(s))),
        ("one name for two tensors", s => { if (s.Node() is { Output.Count: > 0 } n) n.Output[0] = s.Tensor(); }),
        ("strange initializer", s => { if (s.Initializer() is { } t) t.Name = Strange(s); }),
        ("strange graph input", s => { if (s.Pick(s.Graph.Input) is { } v) v.Name = Strange(s); }),
        ("graph output of another tensor", s => { if (s.Pick(s.Graph.Output) is { } v) v.Name = s.Tensor(); }),
        ("cycle", s => { if (s.Node() is { Input.Count: > 0 } n && s.Node() is { Output.Count: > 0 } m) n.Input[0] = m.Output[0]; }),
        ("own output", s => { if (s.Node() is { Input.Count: > 0, Output.Count: > 0 } n) n.Input[0] = n.Output[0]; }),
        ("opset version", s => { if (s.Pick(s.Model.OpsetImport) is { } o) o.Version = s.Random.NextInt(2) == 0 ? 1 + s.Random.NextInt(26) : OddNumbers.Extreme(s.Random); }),
        ("opset twice", s => s.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = s.Random.NextInt(2) == 0 ? "" : "ai.onnx", Version = 1 + s.Random.NextInt(24) })),
        ("opset of a strange domain", s => s.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = Strange(s), Version = 1 })),
        ("no opset", s => s.Model.OpsetImport.Clear()),
        ("IR version", s => s.Model.IrVersion = s.Random.NextInt(2) == 0 ? 1 + s.Random.NextInt(14) : OddNumbers.Extreme(s.Random)),
        ("history", s => s.Model.MetadataProps.Add(new StringStringEntryProto { Key = "onnxedit.history", Value = s.Pick(["", "[]", "{}", "[null]", "[{\"command\":1}]", "[[[[", "null"])! })),
    ];

    static string Strange(MutationSite s) => _strange[s.Random.NextInt(_strange.Length)];

    static void Rename(MutationSite s, string from, string to)
    {
        foreach (var node in s.Graph.Node)
        {
            for (var i = 0; i < node.Input.Count; i++) if (node.Input[i] == from) node.Input[i] = to;
            for (var i = 0; i < node.Output.Count; i++) if (node.Output[i] == from) node.Output[i] = to;
        }
        foreach (var t in s.Graph.Initializer.Where(t => t.Name == from)) t.Name = to;
        foreach (var v in s.Graph.Input.Concat(s.Graph.Output).Where(v => v.Name == from)) v.Name = to;
    }
}
