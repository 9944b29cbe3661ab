using OnnxEdit.Engine.Edits;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class FoldingCheckTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_shape_that_was_folded_wrongly_shows_at_a_size_that_was_not_traced(bool isOpen)
    {
        var original = Model(isOpen);
        Dictionary<string, long[]>? shapes = isOpen ? new() { ["x"] = [-1, 6, 4] } : null;
        var model = NormalisedModel.Create(original, shapes);
        FoldingCheck.Require(original, model, shapes);

        // What a constant instead of the size of the batch, or of the height, would do.
        var first = model.Proto.Graph.Node.First(n => n.OpType == "Mul");
        var wrong = TensorData.FromFloats("wrong", [isOpen ? 1 : 2, isOpen ? 6 : 1, 1], [.. Enumerable.Repeat(1f, isOpen ? 6 : 2)]);
        model.Proto.Graph.Initializer.Add(wrong);
        first.Input[1] = wrong.Name;
        var error = Assert.ThrowsAny<OnnxEngineException>(() => FoldingCheck.Require(original, model, shapes));
        Assert.Equal(ErrorKind.VerificationFailed, error.Kind);
    }

    static ModelProto Model(bool isOpen)
    {
        var b = new GraphBuilder(2);
        var x = b.Mul(b.Input("x", 6, 4), b.Floats("ones", [1, 1, 1], 1), "scaled");
        var model = b.Build(b.MatMul(b.Relu(x), 3, "y"));
        if (isOpen)
            foreach (var value in model.Graph.Input.Concat(model.Graph.Output)) value.Type.TensorType.Shape.Dim[1] = new() { DimParam = "h" };
        return model;
    }
}
