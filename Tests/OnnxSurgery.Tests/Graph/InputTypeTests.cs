using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class InputTypeTests
{
    [Theory]
    [InlineData(DataType.Int8)]
    [InlineData(DataType.Uint8)]
    [InlineData(DataType.Int16)]
    [InlineData(DataType.Uint16)]
    [InlineData(DataType.Int32)]
    [InlineData(DataType.Uint32)]
    [InlineData(DataType.Int64)]
    [InlineData(DataType.Uint64)]
    [InlineData(DataType.Bool)]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Bfloat16)]
    [InlineData(DataType.Double)]
    public void Numbers_and_truth_values_of_every_type_are_made_up(DataType type) =>
        Assert.Equal([2, 5], ShapeTrace.Run(Model(type)).Shape("y"));

    [Fact]
    public void Texts_are_refused_by_the_name_of_the_input()
    {
        var error = Assert.Throws<OnnxSurgeryException>(() => ShapeTrace.Run(Model(DataType.String)));
        Assert.StartsWith("Input 'x' holds texts", error.Message, StringComparison.Ordinal);
    }

    static ModelProto Model(DataType type)
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 4);
        var model = b.Build(b.Gemm(b.Op("Cast", [x], [1, 4], "f", n => n.Set("to", (long)DataType.Float)), 5, name: "y"));
        model.Graph.Input[0].Type.TensorType.ElemType = (int)type;
        return model;
    }
}
