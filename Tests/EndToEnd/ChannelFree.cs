using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.EndToEnd;

/// <summary>Models in which no operator makes channels.</summary>
static class ChannelFree
{
    /// <param name="kind">A "sum" with a constant, a "product" of two inputs, or "branches" that data decides, with a convolution in each.</param>
    public static ModelProto Model(string kind)
    {
        var b = new GraphBuilder(3);
        switch (kind)
        {
            case "sum":
                return b.Build(b.Add(b.Input("x", 3, 8, 8), b.Weight("shift", [3, 1, 1]), "y"));
            case "product":
                return b.Build(b.MatMul(b.Input("left", 3, 4), b.Input("right", 4, 5)));
            default:
                var x = b.Input("x", 3, 8, 8);
                var decided = b.Op("Greater", [b.ReduceMean(x, [0, 1, 2, 3], keepdims: false), b.Floats("half", [], 0.5f)], [], "decided");
                b.Weight("kernel", [3, 3, 1, 1]);
                return b.Build(b.Op("If", [decided], b.Shape(x), "chosen", n => n.Attribute.AddRange([Branch("then_branch"), Branch("else_branch")])));
        }
    }

    static AttributeProto Branch(string name)
    {
        var graph = new GraphProto { Name = name };
        graph.Node.Add(NodeAttributes.Node("Conv", ["x", "kernel"], [$"{name}.conv"], $"{name}.conv"));
        graph.Output.Add(new ValueInfoProto { Name = $"{name}.conv", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } } });
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };
    }
}
