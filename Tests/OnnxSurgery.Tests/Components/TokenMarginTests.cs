using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class TokenMarginTests
{
    static readonly float[] _table = [1, 0, -1, 0.5f, 2, 0, 0, -2, 3];

    // Scores of the next word by a table of the last one.
    static ModelProto Bigrams(long opset, DataType ids = DataType.Int64)
    {
        var graph = new GraphProto { Name = "bigrams" };
        graph.Input.Add(Value("ids", ids, 0));
        graph.Initializer.Add(TensorData.FromFloats("table", [3, 3], _table));
        graph.Node.Add(NodeAttributes.Node("Gather", ["table", "ids"], ["scores"]));
        graph.Output.Add(Value("scores", DataType.Float, 0, 3));
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = opset });
        return model;
    }

    static ValueInfoProto Value(string name, DataType type, params long[] dims)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "texts" });
        tensor.Shape.Dim.AddRange(dims.Select(d => d > 0 ? new TensorShapeProto.Types.Dimension { DimValue = d } : new() { DimParam = "tokens" }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    [Theory]
    [InlineData(13, DataType.Int64)]
    [InlineData(17, DataType.Int32)]
    [InlineData(18, DataType.Int64)]
    public void The_output_is_the_mean_margin_of_the_tokens_that_come_next(long opset, DataType ids)
    {
        var adapted = TokenMargin.Adapt(Bigrams(opset, ids));
        using var session = OrtRuntime.CreateSession(adapted);
        // 0 1 2: row 0 says 0 for 1 and 1 for the best other; row 1 says 0 for 2, 2 for the best other. 2 2 0: 3 - 0 and 0 - 3.
        using var input = OrtValue.CreateTensorValueFromMemory(new float[] { 0, 1, 2, 2, 2, 0 }, [2, 3]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["ids"], [input], [TokenMargin.Output]);
        Assert.Equal([2, 2], results[0].GetTensorTypeAndShape().Shape);
        Assert.Equal([-1.5f, 0, 0, 0], results[0].GetTensorDataAsSpan<float>().ToArray());
    }

    [Fact]
    public void Other_models_do_not_fit_and_old_opsets_are_refused()
    {
        Assert.False(TokenMargin.Fits(SmallModels.Classifier()));
        Assert.True(TokenMargin.Fits(Bigrams(11)));
        Assert.Equal("The model is of opset 11, and sequence models need 13 or later; export it anew.", Assert.Throws<OnnxSurgeryException>(() => TokenMargin.Adapt(Bigrams(11))).Message);
    }
}
