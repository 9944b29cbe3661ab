using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>Small files that ask for huge tensors or endless loops.</summary>
static class GrowthMutations
{
    public static IReadOnlyList<(string Name, Action<MutationSite> Apply)> All { get; } =
    [
        ("huge ConstantOfShape", s => Make(s, "ConstantOfShape", Integers(s, Large(s), Large(s)))),
        ("huge Expand", s => Make(s, "Expand", s.Tensor(), Integers(s, Large(s), 1, 1, 1, 1))),
        ("huge Tile", s => Make(s, "Tile", s.Tensor(), Integers(s, [.. Enumerable.Repeat(Large(s), 1 + s.Random.NextInt(4))]))),
        ("huge Pad", s => Make(s, "Pad", s.Tensor(), Integers(s, 0, 0, Large(s), 0, 0, 0, 0, Large(s)))),
        ("huge Resize", s => Make(s, "Resize", s.Tensor(), "", Floats(s, 1, 1, Large(s), 2))),
        ("huge Resize sizes", s => Make(s, "Resize", s.Tensor(), "", "", Integers(s, 1, 1, Large(s), Large(s)))),
        ("huge Range", s => Make(s, "Range", Scalar(s, 0), Scalar(s, Large(s)), Scalar(s, 1))),
        ("huge OneHot", s => Make(s, "OneHot", Integers(s, 1, 2, 3), Scalar(s, Large(s)), Floats(s, 0, 1))),
        ("huge Upsample", s => Make(s, "Upsample", s.Tensor(), Floats(s, 1, 1, Large(s), Large(s)))),
        ("huge window", s => { if (s.Node("Conv", "MaxPool", "AveragePool", "ConvTranspose") is { } n) Surgery.Model.NodeAttributes.Set(n, s.Pick(["pads", "strides", "dilations", "output_padding", "kernel_shape"])!, [Large(s), Large(s), Large(s), Large(s)]); }),
        ("huge reshape", s => Make(s, "Reshape", s.Tensor(), Integers(s, -1, Large(s)))),
        ("doubling chain", Doubling),
        ("long Loop", Loop),
        ("huge input", s => { if (s.Pick(s.Graph.Input)?.Type?.TensorType?.Shape?.Dim is { Count: > 0 } d) d[s.Random.NextInt(d.Count)].DimValue = Large(s); }),
        ("outer product", s => Make(s, "MatMul", Make(s, "Reshape", s.Tensor(), Integers(s, -1, 1)), Make(s, "Reshape", s.Tensor(), Integers(s, 1, -1)))),
    ];

    static long Large(MutationSite s) => s.Pick([1000L, 20_000, 1 << 20, 100_000_000, 1L << 31, 1L << 40, 1L << 62]);

    // A new node read by the graph's outputs, at the end or, for constants, at the front where folding meets it.
    static string Make(MutationSite s, string op, params string[] inputs)
    {
        var node = NodeAttributes.Node(op, inputs, [s.Fresh()]);
        s.Graph.Node.Add(node);
        if (op == "Resize") node.Set("mode", "nearest");
        s.Graph.Output.Add(new ValueInfoProto { Name = node.Output[0] });
        return node.Output[0];
    }

    static void Doubling(MutationSite s)
    {
        var last = s.Tensor();
        for (var i = 5 + s.Random.NextInt(60); i > 0; i--)
        {
            var node = NodeAttributes.Node("Concat", [last, last], [s.Fresh()]);
            node.Set("axis", 0L);
            s.Graph.Node.Add(node);
            last = node.Output[0];
        }
        s.Graph.Output.Add(new ValueInfoProto { Name = last });
    }

    static void Loop(MutationSite s)
    {
        var body = new GraphProto { Name = "body" };
        body.Input.Add(new ValueInfoProto { Name = "i", Type = Tensor(TensorProto.Types.DataType.Int64) });
        body.Input.Add(new ValueInfoProto { Name = "c", Type = Tensor(TensorProto.Types.DataType.Bool) });
        body.Input.Add(new ValueInfoProto { Name = "v", Type = Tensor(TensorProto.Types.DataType.Int64) });
        body.Node.Add(NodeAttributes.Node("Identity", ["c"], ["c2"]));
        body.Node.Add(NodeAttributes.Node("Add", ["v", "i"], ["v2"]));
        body.Output.Add(new ValueInfoProto { Name = "c2", Type = Tensor(TensorProto.Types.DataType.Bool) });
        body.Output.Add(new ValueInfoProto { Name = "v2", Type = Tensor(TensorProto.Types.DataType.Int64) });
        var node = NodeAttributes.Node("Loop", [Scalar(s, Large(s)), "", Scalar(s, 0)], [s.Fresh()]);
        node.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeType.Graph, G = body });
        s.Graph.Node.Add(node);
        s.Graph.Output.Add(new ValueInfoProto { Name = node.Output[0] });
    }

    static TypeProto Tensor(TensorProto.Types.DataType type) =>
        new() { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() } };

    static string Integers(MutationSite s, params long[] values) => Add(s, TensorData.FromIntegers(s.Fresh(), [values.Length], values));

    static string Scalar(MutationSite s, long value) => Add(s, TensorData.FromIntegers(s.Fresh(), [], [value]));

    static string Floats(MutationSite s, params float[] values) => Add(s, TensorData.FromFloats(s.Fresh(), [values.Length], values));

    static string Add(MutationSite s, TensorProto tensor)
    {
        s.Graph.Initializer.Add(tensor);
        return tensor.Name;
    }
}
