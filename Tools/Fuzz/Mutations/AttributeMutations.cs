using Google.Protobuf;
using OnnxEdit.Surgery.Proto;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>Attributes: missing, doubled, of another type, out of range.</summary>
static class AttributeMutations
{
    public static IReadOnlyList<(string Name, Action<MutationSite> Apply)> All { get; } =
    [
        ("attribute integer", s => { if (One(s, a => a.Type == AttributeType.Int) is { } a) a.I = OddNumbers.Near(s.Random, a.I); }),
        ("attribute integer", s => { if (One(s, a => a.Type == AttributeType.Int) is { } a) a.I = OddNumbers.Extreme(s.Random); }),
        ("attribute list entry", s => { if (One(s, a => a.Ints.Count > 0) is { } a) a.Ints[s.Random.NextInt(a.Ints.Count)] = OddNumbers.Near(s.Random, 1); }),
        ("attribute list longer", s => One(s, a => a.Ints.Count > 0)?.Ints.Add(OddNumbers.Near(s.Random, 1))),
        ("attribute list shorter", s => { if (One(s, a => a.Ints.Count > 0) is { } a) a.Ints.RemoveAt(0); }),
        ("attribute float", s => { if (One(s, a => a.Type == AttributeType.Float) is { } a) a.F = s.Pick([0, -1, float.NaN, float.PositiveInfinity, 1e38f, 1e-38f]); }),
        ("attribute text", s => { if (One(s, a => a.Type == AttributeType.String) is { } a) a.S = ByteString.CopyFromUtf8(s.Pick(["", "SAME_UPPER", "VALID", "linear", "reflect", "x\ny"])!); }),
        ("attribute bytes", s => { if (One(s, a => a.Type == AttributeType.String) is { } a) a.S = ByteString.CopyFrom([0xFF, 0xFE, 0x80]); }),
        ("attribute type", s => { if (One(s, _ => true) is { } a) a.Type = (AttributeType)s.Random.NextInt(16); }),
        ("attribute name", s => { if (One(s, _ => true) is { } a) a.Name = s.Pick(["", "axis", "axes", "group", "value", "value_int", "perm", "to", "body"])!; }),
        ("attribute value missing", s => { if (One(s, _ => true) is { } a) { a.ClearI(); a.ClearF(); a.ClearS(); a.Ints.Clear(); a.Floats.Clear(); a.T = null; a.G = null; } }),
        ("drop an attribute", s => { if (s.Pick(Holders(s)) is { } n) n.Attribute.RemoveAt(s.Random.NextInt(n.Attribute.Count)); }),
        ("double an attribute", s => { if (s.Pick(Holders(s)) is { } n) n.Attribute.Add(n.Attribute[0].Clone()); }),
        ("reference to a function's attribute", s => { if (One(s, _ => true) is { } a) a.RefAttrName = "outer"; }),
        ("attribute tensor", s => { if (One(s, a => a.T is not null) is { } a) TensorMutations.Damage(a.T, s); }),
        ("axis", s => { if (s.Node("Concat", "Softmax", "Gather", "Split", "Flatten") is { } n) Surgery.Model.NodeAttributes.Set(n, "axis", OddNumbers.Near(s.Random, 1)); }),
        ("group", s => { if (s.Node("Conv", "ConvTranspose") is { } n) Surgery.Model.NodeAttributes.Set(n, "group", OddNumbers.Near(s.Random, 1)); }),
        ("transpose", s => { if (s.Node("Gemm") is { } n) Surgery.Model.NodeAttributes.Set(n, s.Random.NextInt(2) == 0 ? "transA" : "transB", (long)s.Random.NextInt(3)); }),
    ];

    static NodeProto[] Holders(MutationSite s) => [.. s.Graph.Node.Where(n => n.Attribute.Count > 0)];

    static AttributeProto? One(MutationSite s, Func<AttributeProto, bool> fits) => s.Pick([.. s.Graph.Node.SelectMany(n => n.Attribute).Where(fits)]);
}
