using OnnxEdit.Engine.Edits;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>IR version 3, in which every initializer has to be an input.</summary>
public sealed class ListedInitializersTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_edited_model_lists_its_initializers_or_has_a_version_that_does_not_ask_for_it(bool folds)
    {
        var b = new GraphBuilder(1);
        var hidden = b.Relu(b.Gemm(b.Input("x", 6), 8, name: "first"));
        if (folds) hidden = b.Add(hidden, b.Constant("shift", [8]));
        var model = b.Build(b.Gemm(hidden, 3, name: "scores"));
        model.IrVersion = 3;
        foreach (var tensor in model.Graph.Initializer)
        {
            var type = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = new TensorShapeProto() };
            type.Shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
            model.Graph.Input.Add(new ValueInfoProto { Name = tensor.Name, Type = new TypeProto { TensorType = type } });
        }
        var source = new OnnxModel(model);
        var edited = EditDraft.Of(source).Finish(_ => new HistoryEntry { Command = "test", SourceSha256 = source.Sha256 }).Proto;
        Assert.Equal(folds ? 4 : 3, edited.IrVersion);
        // From version 4 on what is listed could be given other values by the caller.
        string[] weights = folds ? [] : ["first.bias", "first.weight", "scores.bias", "scores.weight"];
        Assert.Equal([.. weights, "x"], edited.Graph.Input.Select(i => i.Name).Order(StringComparer.Ordinal));
    }
}
