using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Models that several tests share.</summary>
static class SmallModels
{
    /// <summary>Conv, BatchNorm, Relu, a residual Add, pooling and Gemm: x [N,3,8,8] to y [N,10].</summary>
    public static ModelProto Classifier(int seed = 1)
    {
        var b = new GraphBuilder(seed);
        var a = b.Relu(b.BatchNorm(b.Conv(b.Input("x", 3, 8, 8), 8, pads: 1, name: "conv1"), name: "bn1"));
        var c = b.Add(a, b.Conv(a, 8, pads: 1, name: "conv2"));
        return b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(c)), 10, name: "fc"));
    }

    /// <summary>An input or output; -1 is an open size.</summary>
    public static ValueInfoProto Value(string name, DataType type, params long[] dims)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.AddRange(dims.Select(d => d < 0
            ? new TensorShapeProto.Types.Dimension { DimParam = "N" }
            : new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
