using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class ConstantFillTests
{
    [Fact]
    public void Weights_made_by_ConstantOfShape_are_cut_and_written_as_such_again()
    {
        var b = new GraphBuilder(1);
        var c1 = Conv(b, b.Input("x", 3, 6, 6), 32, 0.02f, "c1");
        var model = b.Build(Conv(b, b.Relu(c1), 40, 0.01f, "c2"));
        var s = new Specimen(model);
        Assert.Equal(32, s.Free("c1"));
        var slim = s.Remove("c1", 0, 5, 31);
        Assert.Equal([40, 29, 3, 3], Specimen.Dims(slim, "c2.weight"));

        var expected = ModelRunner.Run(slim);
        ConstantFills.Restore(slim.Graph, s.Analysis.Model.Fills);
        ModelValidator.Check(slim);
        Assert.Equal(["ConstantOfShape", "ConstantOfShape"], slim.Graph.Node.Where(n => n.Name.EndsWith("fill", StringComparison.Ordinal)).Select(n => n.OpType));
        Assert.True(slim.CalculateSize() < 1000, $"{slim.CalculateSize()} bytes");
        ModelRunner.AssertSame(expected, ModelRunner.Run(slim), "restored");
    }

    [Fact]
    public void Fills_that_pass_through_a_Reshape_are_cut_and_written_as_fills()
    {
        var b = new GraphBuilder(1);
        var f = b.Gemm(b.Input("x", 8), 40, name: "f1");
        var weight = b.Reshape(Fill(b, [20, 2, 10], 0.5f, "w"), 40, 10);
        var s = new Specimen(b.Build(b.Op("MatMul", [f, weight], [1, 10], "f2")));
        var slim = s.Remove("f1", 3);
        ConstantFills.Restore(slim.Graph, s.Analysis.Model.Fills);
        Assert.Single(slim.Graph.Node, n => n.OpType == "ConstantOfShape");
        ModelValidator.CheckRuntime(slim);
    }

    [Fact]
    public void A_fill_that_lost_its_input_is_refused_in_a_sentence()
    {
        var b = new GraphBuilder(1);
        var model = b.Build(b.Op("MatMul", [b.Input("x", 32), Fill(b, [32, 32], 1, "w")], [1, 32], "y"));
        model.Graph.Node.First(n => n.OpType == "ConstantOfShape").Input.Clear();
        Assert.Contains("ONNX Runtime refuses", Assert.Throws<OnnxSurgeryException>(() => NormalisedModel.Create(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fill_whose_values_were_changed_stays_an_initializer()
    {
        var b = new GraphBuilder(1);
        var model = NormalisedModel.Create(b.Build(b.Op("MatMul", [b.Input("x", 32), Fill(b, [32, 32], 1, "w")], [1, 32], "y")));
        var tensor = Assert.Single(model.Proto.Graph.Initializer);
        var values = TensorData.Floats(tensor);
        values[^1] = 2;
        TensorData.SetFloats(tensor, values);
        ConstantFills.Restore(model.Proto.Graph, model.Fills);
        Assert.Single(model.Proto.Graph.Node);
    }

    [Theory]
    [InlineData("light_resnet50")]
    [InlineData("light_densenet121")]
    [InlineData("light_inception_v1")]
    [InlineData("light_shufflenet")]
    public void The_light_models_lose_a_fifth_of_their_parameters(string name)
    {
        var model = OnnxModel.Load(SharedData.Model($"zoo/{name}.onnx")).Proto;
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model));
        var removed = new bool[analysis.CellCount];
        var cost = new RemovalCost(analysis);
        var guard = new LastChannelGuard(analysis);
        var random = new Random(1);
        foreach (var cell in Enumerable.Range(0, removed.Length).Where(c => analysis.LockOf(c) is null).OrderBy(_ => random.Next()))
        {
            if (cost.Parameters < 0.8 * cost.TotalParameters || !guard.MayRemove([cell])) continue;
            guard.Remove(cell);
            cost.Remove(cell);
            removed[cell] = true;
        }
        var slim = ChannelRemoval.Apply(analysis, removed);
        var masked = ModelRunner.Run(MaskInsertion.Apply(analysis, removed));
        ConstantFills.Restore(slim.Graph, analysis.Model.Fills);
        ModelRunner.AssertSame(masked, ModelRunner.Run(slim), name);
        var (before, after) = (ModelCounts.Of(analysis.Model.Proto).Parameters, NormalisedCount(slim));
        Assert.True(after < 0.8 * before, $"{after} of {before}");
        Assert.True(slim.CalculateSize() < 3 * model.CalculateSize(), $"{slim.CalculateSize()} bytes");
    }

    static long NormalisedCount(ModelProto model) => ModelCounts.Of(NormalisedModel.Create(model).Proto).Parameters;

    static string Conv(GraphBuilder b, string input, int channels, float value, string name)
    {
        var x = b.Shape(input);
        var weight = Fill(b, [channels, x[1], 3, 3], value, $"{name}.weight");
        return b.Op("Conv", [input, weight, b.Weight($"{name}.bias", [channels])], [x[0], channels, x[2] - 2, x[3] - 2], name);
    }

    static string Fill(GraphBuilder b, long[] dims, float value, string name) =>
        b.Op("ConstantOfShape", [b.Integers($"{name}.dims", dims)], dims, name, n =>
        {
            n.Name = $"{name}.fill";
            n.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = TensorData.FromFloats("", [1], [value]) });
        });
}
