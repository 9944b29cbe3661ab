using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class FoldingTests
{
    public static TheoryData<string> RealModels => MaskEquivalenceTests.RealModels;

    [Theory]
    [MemberData(nameof(RealModels))]
    public void Folding_keeps_what_real_models_return(string name)
    {
        var model = OnnxModel.Load(SharedData.Model(name)).Proto;
        var before = model.Clone();
        var shapes = RobustnessTests.InputShapes(model);
        var original = ModelRunner.Run(model, 1, shapes);

        var folded = model.Clone();
        ConstantFolding.Apply(folded);
        ModelRunner.AssertSame(original, ModelRunner.Run(folded, 1, shapes), $"{name}, constants folded");
        ShapeFolding.Apply(folded, ShapeTrace.Run(folded, shapes));
        ModelRunner.AssertSame(original, ModelRunner.Run(folded, 1, shapes), $"{name}, shapes folded");
        Assert.Equal(before, model);
    }

    [Fact]
    public void Constant_chains_become_initializers_and_leave_no_node_behind()
    {
        var b = new GraphBuilder(1);
        var scale = b.Mul(b.Constant("a", [3, 1, 1]), b.Unary("Neg", b.Floats("b", [1, 1, 1], 2)), "scale");
        var model = b.Build(b.Mul(b.Input("x", 3, 4, 4), scale, "y"));
        var original = ModelRunner.Run(model);
        Assert.True(ConstantFolding.Apply(model));
        Assert.Equal(["y"], model.Graph.Node.Select(n => n.Name));
        Assert.Equal(["scale"], model.Graph.Initializer.Select(t => t.Name));
        Assert.False(ConstantFolding.Apply(model));
        ModelRunner.AssertSame(original, ModelRunner.Run(model), "folded");
    }

    [Fact]
    public void Random_numbers_are_not_constants()
    {
        var b = new GraphBuilder(1);
        var noise = b.Op("RandomNormalLike", [b.Floats("like", [3, 4, 4], new float[48])], [3, 4, 4], "noise");
        var model = b.Build(b.Add(b.Input("x", 3, 4, 4), noise));
        ConstantFolding.Apply(model);
        Assert.Contains(model.Graph.Node, n => n.Name == "noise");
    }

    [Fact]
    public void Large_fills_stay_nodes_and_small_ones_do_not()
    {
        foreach (var side in (long[])[8, 512])
        {
            var b = new GraphBuilder(1);
            var fill = b.Op("ConstantOfShape", [b.Integers("shape", side, side)], [side, side], "fill");
            var model = b.Build(b.MatMul(b.Input("x", side), b.Unary("Identity", fill)));
            Assert.Equal(side == 8, ConstantFolding.Apply(model));
            Assert.Equal(side != 8, model.Graph.Node.Any(n => n.Name == "fill"));
        }
    }

    [Fact]
    public void What_depends_on_an_overridable_initializer_is_not_folded()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3);
        var model = b.Build(b.Add(x, b.Unary("Neg", b.Floats("shift", [3], 1, 2, 3), "negated")));
        var listed = model.Graph.Input[0].Clone();
        listed.Name = "shift";
        listed.Type.TensorType.Shape.Dim.RemoveAt(0);
        model.Graph.Input.Add(listed);
        Assert.False(ConstantFolding.Apply(model));
        Assert.Equal(2, model.Graph.Input.Count);
    }

    [Fact]
    public void Shapes_that_depend_on_values_are_left_alone()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 4);
        var size = b.Op("Cast", [b.Unary("Ceil", b.ReduceMean(x, [0, 1], keepdims: false))], [], "size", n => n.Set("to", 7));
        var target = b.Op("Concat", [b.Op("Unsqueeze", [size, b.Integers("axes", 0)], [1]), b.Integers("rest", -1)], [2], "target", n => n.Set("axis", 0));
        var model = b.Build(b.Op("Reshape", [x, target], [1, 4], "y"));
        Assert.False(ShapeFolding.Apply(model, ShapeTrace.Run(model)));
    }

    [Fact]
    public void A_number_that_only_large_batches_change_is_no_constant()
    {
        // A quarter of the batch is 0 at batches of two and three.
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 4, 4);
        var n = b.Gather(b.Op("Shape", [x], [4], "shape"), 0, 0);
        var quarter = b.Op("Cast", [b.Op("Div", [n, b.Integers("four", 4)], [1], "quarter")], [1], "scale", node => node.Set("to", 1L));
        var proto = b.Build(b.Add(b.Conv(x, 2), quarter, "y"));
        var folded = NormalisedModel.Create(proto).Proto;
        foreach (var batch in (long[])[2, 8])
        {
            Dictionary<string, long[]> shapes = new() { ["x"] = [batch, 3, 4, 4] };
            ModelRunner.AssertSame(ModelRunner.Run(proto, 1, shapes), ModelRunner.Run(folded, 1, shapes), $"batch {batch}");
        }
    }
}
