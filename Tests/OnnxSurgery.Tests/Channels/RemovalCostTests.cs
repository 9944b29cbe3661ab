using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class RemovalCostTests
{
    [Fact]
    public void Costs_kept_up_to_date_equal_those_of_the_slim_model()
    {
        for (var seed = 1000; seed < 1060; seed++) AssertCounts(RandomNetwork.Draw(seed), null, $"seed {seed}");
    }

    [Theory]
    [InlineData("resnet20_cifar10.onnx")]
    [InlineData("resnet56_cifar10_bn.onnx")]
    [InlineData("vgg10_cifar10_bn.onnx")]
    [InlineData("zoo/cifar10_resnet_4b.onnx")]
    [InlineData("zoo/cifar_deep_kw.onnx")]
    [InlineData("zoo/ppocr_cls_mobilenetv3.onnx")]
    [InlineData("zoo/squeezenet_fp16.onnx")]
    [InlineData("zoo/mnist-8.onnx")]
    public void Costs_of_real_models_equal_those_of_the_slim_model(string name)
    {
        var model = OnnxModel.Load(SharedData.Model(name)).Proto;
        AssertCounts(model, RobustnessTests.InputShapes(model), name);
    }

    [Fact]
    public void The_gain_of_cells_is_what_removing_them_saves()
    {
        var analysis = new Specimen(SmallModels.Classifier()).Analysis;
        var cost = new RemovalCost(analysis);
        var (parameters, macs, bytes) = cost.Gain([0, 3]);
        Assert.Equal((cost.TotalParameters, cost.TotalMacs, cost.TotalBytes), (cost.Parameters, cost.Macs, cost.Bytes));
        cost.Remove(0);
        cost.Remove(3);
        Assert.Equal(cost.TotalParameters - parameters, cost.Parameters, 6);
        Assert.Equal(cost.TotalMacs - macs, cost.Macs, 6);
        Assert.Equal(cost.TotalBytes - bytes, cost.Bytes, 6);
        cost.Restore(3);
        cost.Restore(0);
        Assert.Equal(cost.TotalParameters, cost.Parameters, 6);
    }

    [Fact]
    public void Names_used_again_inside_a_branch_do_not_confuse_the_costs()
    {
        var b = new GraphBuilder(1);
        var y = b.Conv(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1"), 2, name: "c2");
        var condition = b.Op("Not", [b.Op("Cast", [b.Floats("zero", [], 0)], [], "cast", n => n.Set("to", 9))], [], "condition");
        var model = b.Build(b.Op("If", [condition], b.Shape(y), "choice", n =>
        {
            foreach (var branch in (string[])["then_branch", "else_branch"]) n.Attribute.Add(Branch(branch, y));
        }));
        AssertCounts(model, null, "If");
    }

    static void AssertCounts(ModelProto model, IReadOnlyDictionary<string, long[]>? shapes, string what)
    {
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model, shapes));
        var removed = RandomRemoval.Draw(analysis, 1, 0.5);
        CostCheck.AssertSame(analysis, removed, ChannelRemoval.Apply(analysis, removed), what, shapes);
    }

    static AttributeProto Branch(string name, string captured)
    {
        var graph = new GraphProto { Name = name };
        graph.Node.Add(NodeAttributes.Node("Relu", [captured], [$"{name}_y"], "inner"));
        graph.Output.Add(new ValueInfoProto { Name = $"{name}_y", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } } });
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };
    }
}
