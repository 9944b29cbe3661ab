using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Runtime;

/// <summary>Graphs the engine builds for its own use: opset 17, symbolic dimensions, never written to disk.</summary>
static class InternalGraph
{
    /// <summary>An empty model.</summary>
    public static ModelProto Create()
    {
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "internal" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return model;
    }

    /// <summary>Adds an input of the given rank.</summary>
    public static void Input(GraphProto graph, string name, DataType type, int rank)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() };
        for (var a = 0; a < rank; a++) tensor.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = $"{name}_{a}" });
        graph.Input.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } });
    }

    /// <summary>Adds an output whose type ONNX Runtime infers.</summary>
    public static void Output(GraphProto graph, string name) => graph.Output.Add(new ValueInfoProto { Name = name });
}
