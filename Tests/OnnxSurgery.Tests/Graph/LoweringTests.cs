using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Branches that are decided, and lists whose tensors are known: channels pass them as if they were written out.</summary>
public class LoweringTests
{
    // What torch.squeeze exports: is the extent 1? Squeeze, else leave it.
    [Theory]
    [InlineData(1, "Sigmoid")]
    [InlineData(2, "Tanh")]
    public void An_If_on_a_declared_size_becomes_the_branch_that_is_taken(long height, string expected)
    {
        var b = new GraphBuilder(3) { Batch = 1 };
        var pooled = b.Op("MaxPool", [b.Relu(b.Conv(b.Input("x", 3, 2, 8), 8, pads: 1, name: "first"))], [1, 8, height, 8], "pooled", n => n.Set("kernel_shape", 3 - height, 1L));
        var model = Branching(b, pooled, b.Op("Equal", [b.Gather(b.Op("Shape", [pooled], [4], "sizes"), 0, 2), b.Integers("one", 1)], [1], "asked"), height == 1 ? "Squeeze" : "ReduceSum");
        var s = new Specimen(model);
        Assert.DoesNotContain(s.Analysis.Model.Proto.Graph.Node, n => n.OpType == "If");
        Assert.Contains(s.Analysis.Model.Proto.Graph.Node, n => n.OpType == expected);
        Assert.Equal(8, s.Free("first"));
        s.Remove("first", 0, 5);
    }

    [Fact]
    public void An_If_on_a_constant_becomes_its_branch_and_one_that_data_decides_stays()
    {
        var b = new GraphBuilder(3);
        var x = b.Relu(b.Conv(b.Input("x", 3, 2, 8), 8, pads: 1, name: "first"));
        var pooled = b.MaxPool(x, kernel: 1, stride: 1);
        var fixedModel = Branching(b, pooled, b.Op("Not", [b.Op("Cast", [b.Floats("zero", [1], 0)], [1], "cast", n => n.Set("to", 9))], [1], "asked"), "ReduceSum");
        var s = new Specimen(fixedModel);
        Assert.DoesNotContain(s.Analysis.Model.Proto.Graph.Node, n => n.OpType == "If");
        s.Remove("first", 1, 6);

        b = new GraphBuilder(3);
        x = b.Relu(b.Conv(b.Input("x", 3, 2, 8), 8, pads: 1, name: "first"));
        var largest = b.Reshape(b.Op("ReduceMax", [x], [1, 1, 1, 1], "largest"), -1);
        var open = Branching(b, x, b.Op("Cast", [b.Op("Slice", [largest, b.Integers("from", 0), b.Integers("to", 1)], [1], "some")], [1], "asked", n => n.Set("to", 9)), "ReduceSum");
        var stays = new Specimen(open);
        Assert.Contains(stays.Analysis.Model.Proto.Graph.Node, n => n.OpType == "If");
        Assert.Equal(0, stays.Free("first"));
    }

    // What another batch would decide otherwise is not decided.
    [Fact]
    public void An_If_on_the_batch_stays()
    {
        var b = new GraphBuilder(3);
        var x = b.Relu(b.Conv(b.Input("x", 3, 2, 8), 8, pads: 1, name: "first"));
        var model = Branching(b, x, b.Op("Less", [b.Gather(b.Op("Shape", [x], [4], "sizes"), 0, 0), b.Integers("three", 3)], [1], "asked"), "ReduceSum");
        Assert.Contains(NormalisedModel.Create(model).Proto.Graph.Node, n => n.OpType == "If");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(17)]
    public void Lists_of_known_tensors_are_taken_apart(int opset)
    {
        foreach (var build in (Func<GraphBuilder, string, string, string>[])[Concatenated, Appended, Stacked, Chunks, Uneven, Ones])
        {
            var b = new GraphBuilder(5, opset);
            var x = b.Relu(b.Conv(b.Input("x", 3, 4, 4), 6, pads: 1, name: "first"));
            var y = b.Relu(b.Conv(x, 6, pads: 1, name: "second"));
            var model = b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(b.Conv(build(b, x, y), 3, kernel: 1, name: "last"))), 2, name: "end"));
            var s = new Specimen(model);
            Assert.DoesNotContain(s.Analysis.Model.Proto.Graph.Node, n => n.OpType.Contains("Sequence", StringComparison.Ordinal));
            Assert.True(s.Free("first") > 0, $"{build.Method.Name} locks");
            s.Remove("first", 1);
        }
    }

    [Fact]
    public void A_list_with_an_element_that_the_graph_chooses_stays()
    {
        var b = new GraphBuilder(5);
        var x = b.Relu(b.Conv(b.Input("x", 3, 4, 4), 6, pads: 1, name: "first"));
        var list = b.Op("SequenceConstruct", [x, x], [], "list");
        var which = b.Op("ArgMax", [b.Reshape(b.GlobalAveragePool(x), -1)], [], "which", n => n.Set("keepdims", 0L));
        var taken = b.Op("SequenceAt", [list, b.Op("Mul", [which, b.Op("Cast", [b.Floats("zero", [], 0)], [], "none", n => n.Set("to", 7))], [], "place")], b.Shape(x), "taken");
        var s = new Specimen(b.Build(b.Conv(taken, 3, kernel: 1, name: "last")));
        Assert.Contains(s.Analysis.Model.Proto.Graph.Node, n => n.OpType == "SequenceAt");
        Assert.Equal(0, s.Free("first"));
    }

    static string Concatenated(GraphBuilder b, string x, string y) => Concat(b, b.Op("SequenceConstruct", [x, y], [], "list"), 1, [1, 12, 4, 4]);

    static string Appended(GraphBuilder b, string x, string y)
    {
        var list = b.Op("SequenceInsert", [b.Op("SequenceEmpty", [], [], "empty"), y], [], "one");
        return Concat(b, b.Op("SequenceInsert", [list, x, b.Scalar("front", 0)], [], "two"), -3, [1, 12, 4, 4]);
    }

    // [N, 2, 6, 4, 4], then the sum of both.
    static string Stacked(GraphBuilder b, string x, string y)
    {
        var both = b.Op("ConcatFromSequence", [b.Op("SequenceConstruct", [x, y], [], "list")], [1, 2, 6, 4, 4], "both", n =>
        {
            n.Set("axis", 1L);
            n.Set("new_axis", 1L);
        });
        return b.Op("ReduceMean", [both], [1, 6, 4, 4], "mean", n =>
        {
            n.Set("axes", [1L]);
            n.Set("keepdims", 0L);
        });
    }

    // Chunks of 2 of 6 channels.
    static string Chunks(GraphBuilder b, string x, string y)
    {
        var list = b.Op("SplitToSequence", [x, b.Scalar("size", 2)], [], "list", n => n.Set("axis", 1L));
        return b.Concat(1, At(b, list, -1, 2), y, At(b, list, 0, 2));
    }

    static string Uneven(GraphBuilder b, string x, string y)
    {
        var list = b.Op("SplitToSequence", [b.Add(x, y), b.Integers("sizes", 1, 5)], [], "list", n => n.Set("axis", -3L));
        return At(b, list, 1, 5);
    }

    // Rows of the image, one by one and without their axis.
    static string Ones(GraphBuilder b, string x, string y)
    {
        var list = b.Op("SplitToSequence", [b.Add(x, y)], [], "list", n =>
        {
            n.Set("axis", 2L);
            n.Set("keepdims", 0L);
        });
        var row = b.Op("SequenceAt", [list, b.Scalar("third", 2)], [1, 6, 4], "row");
        return b.Reshape(row, 0, -1, 1, 4);
    }

    static string At(GraphBuilder b, string list, long place, long channels) =>
        b.Op("SequenceAt", [list, b.Scalar($"place{place}", place)], [1, channels, 4, 4], $"taken{place}");

    static string Concat(GraphBuilder b, string list, long axis, long[] shape) => b.Op("ConcatFromSequence", [list], shape, "joined", n => n.Set("axis", axis));

    // [N, 8, h, w]: without the height and a Sigmoid, if asked; else the sum over it and a Tanh. Then a linear layer over the width's mean.
    static ModelProto Branching(GraphBuilder b, string x, string condition, string then)
    {
        b.Integers("height", 2);
        var squeezed = b.Op("If", [condition], [1, 8, 8], "chosen", n =>
        {
            n.Attribute.Add(Branch("then_branch", then, "Sigmoid", x));
            n.Attribute.Add(Branch("else_branch", "ReduceSum", "Tanh", x));
        });
        return b.Build(b.Gemm(b.Op("ReduceMean", [squeezed], [1, 8], "mean", n =>
        {
            n.Set("axes", [2L]);
            n.Set("keepdims", 0L);
        }), 4, name: "end"));
    }

    // Both call what they make the same, which is another tensor in each.
    static AttributeProto Branch(string name, string op, string last, string x)
    {
        var graph = new GraphProto { Name = name };
        var node = NodeAttributes.Node(op, [x, "height"], ["inner"], "node");
        if (op == "ReduceSum") node.Set("keepdims", 0L);
        graph.Node.Add(node);
        graph.Node.Add(NodeAttributes.Node(last, ["inner"], ["out"], "last"));
        graph.Output.Add(new ValueInfoProto { Name = "out", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } } });
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };
    }
}
