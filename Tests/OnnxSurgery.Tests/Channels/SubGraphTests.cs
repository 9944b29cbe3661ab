using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Branches, loops and functions: what they read is locked with a reason, or cut with what is around them.</summary>
public class SubGraphTests
{
    [Fact]
    public void Weights_that_a_branch_reads_are_locked_and_names_it_defines_itself_are_not()
    {
        foreach (var shadowed in (bool[])[false, true])
        {
            var b = new GraphBuilder(1);
            var x = b.Input("x", 3, 6, 6);
            var c = b.Conv(x, 4, name: "c1");
            var branchReads = shadowed ? "own" : "c1.bias";
            var choice = b.Op("If", [Condition(b, x)], [4], "choice", n =>
            {
                n.Attribute.Add(Branch("then_branch", branchReads));
                n.Attribute.Add(Branch("else_branch", branchReads));
            });
            var s = new Specimen(b.Build(b.Conv(c, 2, name: "c2"), choice));
            Assert.Equal(shadowed ? 4 : 0, s.Free("c1"));
            if (shadowed) s.Remove("c1", 2);
            else Assert.Contains("'c1.bias'", s.Lock("c1"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_loop_that_reads_channels_locks_them()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1");
        var free = b.Conv(b.Relu(b.Conv(b.Shape("x").Length > 0 ? "x" : "", 4, name: "c3")), 2, name: "c4");
        var body = new GraphProto { Name = "body" };
        body.Input.Add(SmallModels.Value("i", DataType.Int64));
        body.Input.Add(SmallModels.Value("go", DataType.Bool));
        body.Input.Add(SmallModels.Value("state", DataType.Float, -1, 4, 4, 4));
        body.Node.Add(NodeAttributes.Node("Add", ["state", c], ["next"]));
        body.Node.Add(NodeAttributes.Node("Identity", ["go"], ["still"]));
        body.Output.Add(SmallModels.Value("still", DataType.Bool));
        body.Output.Add(SmallModels.Value("next", DataType.Float, -1, 4, 4, 4));
        var loop = b.Op("Loop", [b.Op("Cast", [b.Floats("three", [], 3)], [], "trips", n => n.Set("to", 7)), "", c], b.Shape(c), "loop",
            n => n.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeType.Graph, G = body }));
        var s = new Specimen(b.Build(loop, free));
        Assert.Equal(0, s.Free("c1"));
        s.Remove("c3", 1);
    }

    [Fact]
    public void Functions_of_the_model_are_inlined_and_what_is_in_them_is_cut()
    {
        foreach (var version in (int[])[17, 16])
        {
            var model = ModelFormTests.Chain();
            var function = new FunctionProto { Name = "Scaled", Domain = "own" };
            function.Input.Add("a");
            function.Output.Add("b");
            function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = version });
            var slope = NodeAttributes.Node("LeakyRelu", ["a"], ["inner"]);
            slope.Attribute.Add(new AttributeProto { Name = "alpha", RefAttrName = "slope", Type = AttributeType.Float });
            function.Attribute.Add("slope");
            function.Node.Add(slope);
            function.Node.Add(NodeAttributes.Node("Add", ["inner", "a"], ["b"]));
            model.Functions.Add(function);
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = "own", Version = 1 });
            var relu = model.Graph.Node.Single(n => n.OpType == "Relu");
            (relu.OpType, relu.Domain) = ("Scaled", "own");
            relu.Set("slope", 0.3f);
            var s = new Specimen(model);
            if (version == 17) Assert.Empty(s.Remove("c1", 1).Functions);
            else Assert.Contains("Scaled", s.Lock("c1"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_scan_that_reads_channels_locks_them_and_the_rest_is_cut()
    {
        var b = new GraphBuilder(1) { Batch = 1 };
        var c = b.MatMul(b.Relu(b.MatMul(b.Input("x", 4, 6), 8, name: "m1")), 5, name: "m2");
        var rows = b.Op("Reshape", [c, b.Integers("rows", 4, 5)], [4, 5], "r");
        var body = new GraphProto { Name = "body" };
        body.Input.Add(SmallModels.Value("state", DataType.Float, 5));
        body.Input.Add(SmallModels.Value("row", DataType.Float, 5));
        body.Node.Add(NodeAttributes.Node("Add", ["state", "row"], ["next"]));
        body.Node.Add(NodeAttributes.Node("Tanh", ["next"], ["out"]));
        body.Output.Add(SmallModels.Value("next", DataType.Float, 5));
        body.Output.Add(SmallModels.Value("out", DataType.Float, 5));
        var last = b.Op("Scan", [b.Floats("start", [5], new float[5]), rows], [5], "last", n =>
        {
            n.Set("num_scan_inputs", 1L);
            n.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeType.Graph, G = body });
        });
        var model = b.Build(last);
        model.Graph.Node.Single(n => n.OpType == "Scan").Output.Add("all");
        model.Graph.Output.Add(SmallModels.Value("all", DataType.Float, 4, 5));
        var s = new Specimen(model);
        Assert.Equal("Scan 'last': a sub-graph reads them", s.Lock("m2"));
        s.Remove("m1", 1, 6);
    }

    // Of the data: what is decided already is taken out.
    static string Condition(GraphBuilder b, string of) => b.Op("Greater", [b.ReduceMean(of, [0, 1, 2, 3], keepdims: false), b.Floats("zero", [], 0)], [], "condition");

    static AttributeProto Branch(string name, string reads)
    {
        var graph = new GraphProto { Name = name };
        if (reads == "own") graph.Initializer.Add(TensorData.FromFloats("own", [4], [1, 2, 3, 4]));
        graph.Node.Add(NodeAttributes.Node("Neg", [reads], [$"{name}_out"]));
        graph.Output.Add(SmallModels.Value($"{name}_out", DataType.Float, 4));
        return new AttributeProto { Name = name, Type = AttributeType.Graph, G = graph };
    }
}
