using Google.Protobuf;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

public class ModelValidatorTests
{
    [Fact]
    public void A_healthy_model_passes_both_checks()
    {
        ModelValidator.Check(SmallModels.Classifier());
        ModelValidator.CheckRuntime(SmallModels.Classifier());
    }

    [Fact]
    public void A_model_needs_a_graph_with_nodes_and_outputs()
    {
        Assert.Contains("no graph", Refusal(m => m.Graph = null));
        Assert.Contains("no nodes", Refusal(m => m.Graph.Node.Clear()));
        Assert.Contains("no outputs", Refusal(m => m.Graph.Output.Clear()));
    }

    [Fact]
    public void Versions_must_exist()
    {
        Assert.Contains("IR version 0", Refusal(m => m.ClearIrVersion()));
        Assert.Contains("IR version 4000", Refusal(m => m.IrVersion = 4000));
        Assert.Contains("opset_import is empty", Refusal(m => m.OpsetImport.Clear()));
        Assert.Contains("version -3", Refusal(m => m.OpsetImport[0].Version = -3));
        Assert.Contains("two versions, 17 and 12",
            Refusal(m => m.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx", Version = 12 })));
    }

    [Fact]
    public void An_operator_domain_must_be_imported()
    {
        var refusal = Refusal(m => Node(m, "conv2").Domain = "acme.ops");
        Assert.Contains("'conv2' (Conv)", refusal);
        Assert.Contains("'acme.ops'", refusal);
    }

    [Fact]
    public void A_node_needs_an_operator_and_outputs()
    {
        Assert.Contains("no operator type", Refusal(m => Node(m, "conv2").ClearOpType()));
        Assert.Contains("no outputs", Refusal(m => Node(m, "fc").Output.Clear()));
    }

    [Fact]
    public void Reading_a_tensor_that_nobody_makes_is_refused()
    {
        var refusal = Refusal(m => Node(m, "conv2").Input[0] = "ghost");
        Assert.Contains("'conv2' (Conv) reads the tensor 'ghost'", refusal);
    }

    [Fact]
    public void Nodes_must_be_in_topological_order()
    {
        var refusal = Refusal(m =>
        {
            var node = Node(m, "conv1");
            m.Graph.Node.Remove(node);
            m.Graph.Node.Add(node);
        });
        Assert.Contains("'bn1' (BatchNormalization) reads 'conv1' before node 'conv1' (Conv) makes it", refusal);
    }

    [Fact]
    public void A_cycle_is_told_from_wrong_order()
    {
        Assert.Contains("cycle", Refusal(m => Node(m, "bn1").Input[0] = "conv2"));
        Assert.Contains("cycle", Refusal(m => Node(m, "conv2").Input[0] = "conv2"));
    }

    [Fact]
    public void A_tensor_is_assigned_once()
    {
        Assert.Contains("assigns the tensor 'conv1'", Refusal(m => Node(m, "conv2").Output[0] = "conv1"));
        Assert.Contains("assigns the tensor 'x'", Refusal(m => Node(m, "conv2").Output[0] = "x"));
        Assert.Contains("assigns the tensor 'fc.bias'", Refusal(m => Node(m, "conv2").Output[0] = "fc.bias"));
        Assert.Contains("Two initializers are called 'fc.bias'", Refusal(m => m.Graph.Initializer.Add(Tensor(m, "fc.bias").Clone())));
        Assert.Contains("Two graph inputs", Refusal(m => m.Graph.Input.Add(m.Graph.Input[0].Clone())));
        Assert.Contains("Two graph outputs", Refusal(m => m.Graph.Output.Add(m.Graph.Output[0].Clone())));
    }

    [Fact]
    public void A_graph_output_must_be_made() =>
        Assert.Contains("graph output 'z'", Refusal(m => m.Graph.Output[0].Name = "z"));

    [Fact]
    public void Attributes_are_unique_and_hold_what_their_type_says()
    {
        Assert.Contains("'group' twice", Refusal(m => Node(m, "conv1").Attribute.Add(Node(m, "conv1").Find("group")!.Clone())));
        Assert.Contains("'value' without the value", Refusal(m => Node(m, "conv1").Attribute.Add(
            new AttributeProto { Name = "value", Type = AttributeType.Tensor })));
    }

    [Fact]
    public void Initializers_hold_as_much_data_as_their_shape_says()
    {
        var refusal = Refusal(m => Tensor(m, "fc.weight").Dims[0] = 11);
        Assert.Contains("'fc.weight' holds 320 bytes but its shape [11,8] of Float needs 352", refusal);
        Assert.Contains("impossible shape", Refusal(m => Tensor(m, "fc.weight").Dims[0] = -1));
        Assert.Contains("impossible shape", Refusal(m => Tensor(m, "fc.weight").Dims.Add([1L << 40, 1L << 40])));
        Assert.Contains("no element type", Refusal(m => Tensor(m, "fc.weight").ClearDataType()));
        // 4 TB without data must not be allocated to find out.
        Assert.Contains("holds 0 bytes", Refusal(m =>
        {
            Tensor(m, "fc.weight").ClearRawData();
            Tensor(m, "fc.weight").Dims[0] = 1L << 37;
        }));
    }

    [Theory]
    [InlineData(DataType.Float)]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Bfloat16)]
    [InlineData(DataType.Double)]
    public void Weights_that_are_not_finite_are_refused_with_their_number(DataType type)
    {
        string Broken(string tensor, float value) => Refusal(m =>
        {
            var t = Tensor(m, tensor);
            var values = TensorData.Floats(t);
            (values[1], values[2]) = (value, value);
            t.DataType = (int)type;
            TensorData.SetFloats(t, values);
        });
        Assert.Contains("'conv1.weight' holds 2 NaN values of 216", Broken("conv1.weight", float.NaN));
        Assert.Contains("'bn1.var' holds 2 infinite values of 8", Broken("bn1.var", float.PositiveInfinity));
        Assert.Contains("'fc.bias' holds 2 infinite values of 10", Broken("fc.bias", float.NegativeInfinity));
    }

    [Fact]
    public void Infinities_in_masks_are_allowed()
    {
        var b = new GraphBuilder(1);
        var mask = b.Floats("mask", [2, 2], 0, float.NegativeInfinity, 0, 0);
        ModelValidator.Check(b.Build(b.Softmax(b.Add(b.Input("x", 2, 2), mask))));
    }

    [Fact]
    public void Sub_graphs_read_what_was_made_before_their_node()
    {
        var model = WithBranch("conv1");
        ModelValidator.Check(model);
        ModelValidator.CheckRuntime(model);
        Assert.Contains("'ghost'", Assert.Throws<OnnxSurgeryException>(() => ModelValidator.Check(WithBranch("ghost"))).Message);
        // fc is made after the If.
        Assert.Contains("'fc'", Assert.Throws<OnnxSurgeryException>(() => ModelValidator.Check(WithBranch("fc"))).Message);
    }

    [Fact]
    public void The_runtime_gives_its_reason()
    {
        var model = SmallModels.Classifier();
        Node(model, "conv2").OpType = "Convolute";
        ModelValidator.Check(model);
        var refusal = Assert.Throws<OnnxSurgeryException>(() => ModelValidator.CheckRuntime(model)).Message;
        Assert.Contains("ONNX Runtime refuses the model", refusal);
        Assert.Contains("Convolute", refusal);
    }

    [Fact]
    public void The_runtime_notices_weights_of_the_wrong_shape()
    {
        var model = SmallModels.Classifier();
        TensorData.Keep(Tensor(model, "fc.weight"), 1, [0, 1, 2]);
        ModelValidator.Check(model);
        Assert.Throws<OnnxSurgeryException>(() => ModelValidator.CheckRuntime(model));
    }

    // An If whose branches read a tensor of the graph around them, put before the last Gemm.
    static ModelProto WithBranch(string captured)
    {
        var model = SmallModels.Classifier();
        GraphProto Branch(string name)
        {
            var graph = new GraphProto { Name = name };
            graph.Node.Add(NodeAttributes.Node("Relu", [captured], [name], name));
            graph.Output.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new() { ElemType = 1 } } });
            return graph;
        }
        var condition = new TensorProto { Name = "condition", DataType = (int)DataType.Bool, RawData = ByteString.CopyFrom(1) };
        model.Graph.Initializer.Add(condition);
        var node = NodeAttributes.Node("If", ["condition"], ["branch"], "branch");
        node.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeType.Graph, G = Branch("then") });
        node.Attribute.Add(new AttributeProto { Name = "else_branch", Type = AttributeType.Graph, G = Branch("else") });
        model.Graph.Node.Insert(model.Graph.Node.Count - 1, node);
        model.Graph.Output.Add(new ValueInfoProto { Name = "branch", Type = new TypeProto { TensorType = new() { ElemType = 1 } } });
        return model;
    }

    static NodeProto Node(ModelProto model, string name) => model.Graph.Node.Single(n => n.Name == name);

    static TensorProto Tensor(ModelProto model, string name) => model.Graph.Initializer.Single(t => t.Name == name);

    static string Refusal(Action<ModelProto> damage)
    {
        var model = SmallModels.Classifier();
        damage(model);
        var message = Assert.Throws<OnnxSurgeryException>(() => ModelValidator.Check(model)).Message;
        Assert.EndsWith(".", message);
        return message;
    }
}
