using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class LockTests
{
    [Fact]
    public void An_unknown_operator_locks_what_it_reads_and_is_named()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var s = new Specimen(b.Build(b.Conv(b.Op("Bernoulli", [b.Unary("Sigmoid", c)], b.Shape(c), "coins"), 2, name: "c2")));
        Assert.Equal(new ChannelLock("coins", "Bernoulli", "no rule for this operator"), s.Analysis.LockOf(s.Cells("c1")[0]));
        Assert.Equal(0, s.Free("c1"));
    }

    [Fact]
    public void Channels_that_the_model_returns_are_locked()
    {
        var b = new GraphBuilder(1);
        var c = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1"), "features");
        var s = new Specimen(b.Build(c, b.Conv(c, 2)));
        Assert.Equal("output 'features': the model returns these channels", s.Lock("c1"));
    }

    [Fact]
    public void A_locked_cell_is_not_removed_and_the_reason_is_given()
    {
        var b = new GraphBuilder(1);
        var s = new Specimen(b.Build(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1")));
        var error = Assert.Throws<OnnxSurgeryException>(() => ChannelRemoval.Apply(s.Analysis, [true, false, false, false]));
        Assert.Contains("output 'c1'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_channels_of_a_tensor_are_not_removed()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var s = new Specimen(b.Build(b.Conv(b.Slice(c, 1, 0, 2, name: "half"), 2), b.Conv(c, 2)));
        var removed = new bool[s.Analysis.CellCount];
        removed[s.Cells("c1")[0]] = removed[s.Cells("c1")[1]] = true;
        var error = Assert.Throws<OnnxSurgeryException>(() => ChannelRemoval.Apply(s.Analysis, removed));
        Assert.Contains("'half'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_shared_by_two_layers_tie_their_channels()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var model = b.Build(b.Conv(b.Conv(x, 4, name: "c1"), 2, name: "d1"), b.Conv(b.Conv(x, 4, name: "c2"), 2, name: "d2"));
        Share(model, "c2", "c1");
        var s = new Specimen(model);
        Assert.Equal(s.Cells("c1"), s.Cells("c2"));
        var slim = s.Remove("c2", 1);
        Assert.Equal([3, 3, 3, 3], Specimen.Dims(slim, "c1.weight"));
        Assert.Equal([2, 3, 3, 3], Specimen.Dims(slim, "d2.weight"));
    }

    [Fact]
    public void Weights_shared_with_a_layer_that_needs_them_whole_are_locked()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var whole = b.Conv(x, 4, name: "c2");
        var model = b.Build(b.Conv(b.Conv(x, 4, name: "c1"), 2), whole);
        Share(model, "c2", "c1");
        var s = new Specimen(model);
        Assert.Equal(0, s.Free("c1"));
    }

    [Fact]
    public void Weights_read_along_different_axes_are_locked()
    {
        var b = new GraphBuilder(1);
        var f = b.Gemm(b.Input("x", 4), 4, bias: false, name: "f1");
        var model = b.Build(b.Gemm(b.Gemm(f, 4, bias: false, name: "f2"), 4, name: "last"));
        Specimen.Node(model, "f2").Input[1] = "f1.weight";
        Assert.Contains("initializer 'f1.weight': it is shared", new Specimen(model).Lock("f1"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_branch_captures_is_locked()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var seen = b.Conv(x, 4, name: "seen");
        var free = b.Conv(x, 4, name: "free");
        var choice = b.Op("If", [Condition(b, x)], b.Shape(seen), "choice", n =>
        {
            n.Attribute.Add(Branch("then_branch", "Relu", seen));
            n.Attribute.Add(Branch("else_branch", "Neg", seen));
        });
        var s = new Specimen(b.Build(b.Conv(choice, 2), b.Conv(free, 2)));
        Assert.Equal("If 'choice': a sub-graph reads it", s.Lock("seen"));
        s.Remove("free", 1);
    }

    [Fact]
    public void Initializers_listed_as_inputs_shrink_in_both_places()
    {
        var b = new GraphBuilder(1, opset: 8);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var flat = b.Reshape(c, -1, 64);
        var model = b.Build(b.Gemm(flat, 5, name: "fc"));
        model.IrVersion = 3;
        ListInitializers(model);
        var slim = new Specimen(model).Remove("c1", 1);
        Assert.Equal(["x"], new GraphIndex(slim.Graph).Inputs.Select(i => i.Name));
        var declared = slim.Graph.Input.Single(i => i.Name == "c1.weight").Type.TensorType.Shape.Dim.Select(d => d.DimValue);
        Assert.Equal(Specimen.Dims(slim, "c1.weight"), declared);
        Assert.Equal([5, 48], Specimen.Dims(slim, "fc.weight"));
        ModelValidator.Check(slim);
    }

    [Fact]
    public void Weights_that_an_old_model_reshapes_are_folded_although_they_are_listed_as_inputs()
    {
        var b = new GraphBuilder(1, opset: 8);
        var flat = b.Reshape(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1"), -1, 64);
        var weight = b.Reshape(b.Weight("w", [4, 4, 4, 5], 64), 64, 5);
        var model = b.Build(b.Op("MatMul", [flat, weight], [1, 5], "fc"));
        model.IrVersion = 3;
        ListInitializers(model);
        var s = new Specimen(model);
        Assert.Equal(4, s.Free("c1"));
        var slim = s.Remove("c1", 0);
        Assert.Equal(["x"], new GraphIndex(slim.Graph).Inputs.Select(i => i.Name));
    }

    [Fact]
    public void Indices_computed_from_channels_lock_them()
    {
        var b = new GraphBuilder(1);
        var f = b.Gemm(b.Input("x", 4), 4, name: "f1");
        var indices = b.Op("Cast", [b.Unary("Floor", b.Unary("Sigmoid", f))], b.Shape(f), "indices", n => n.Set("to", 7));
        var rows = b.Op("Gather", [b.Weight("table", [3, 5]), indices], [1, 4, 5], "rows", n => n.Set("axis", 0));
        var s = new Specimen(b.Build(rows));
        Assert.StartsWith("Gather 'rows': ", s.Lock("f1"), StringComparison.Ordinal);
    }

    // Of the data: what is decided already is taken out.
    static string Condition(GraphBuilder b, string of) => b.Op("Greater", [b.ReduceMean(of, [0, 1, 2, 3], keepdims: false), b.Floats("zero", [], 0)], [], "condition");

    static AttributeProto Branch(string name, string op, string captured)
    {
        var graph = new GraphProto { Name = name };
        graph.Node.Add(NodeAttributes.Node(op, [captured], [$"{name}_out"], "same name in both"));
        graph.Output.Add(new ValueInfoProto
        {
            Name = $"{name}_out",
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } },
        });
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };
    }

    static void Share(ModelProto model, string from, string with)
    {
        var (a, b) = (Specimen.Node(model, from), Specimen.Node(model, with));
        (a.Input[1], a.Input[2]) = (b.Input[1], b.Input[2]);
    }

    static void ListInitializers(ModelProto model)
    {
        foreach (var t in model.Graph.Initializer)
        {
            var type = new TypeProto.Types.Tensor { ElemType = t.DataType, Shape = new TensorShapeProto() };
            type.Shape.Dim.AddRange(t.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
            model.Graph.Input.Add(new ValueInfoProto { Name = t.Name, Type = new TypeProto { TensorType = type } });
        }
    }
}
