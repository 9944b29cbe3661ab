using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tests;

/// <summary>Models of one operator in a row: t0 [N,width] -> op -> t1 [N,width] -> op ...</summary>
static class ChainModel
{
    /// <summary>Makes the model.</summary>
    /// <param name="op">An elementwise operator without attributes.</param>
    /// <param name="width">Values per item.</param>
    /// <param name="batch">The fixed batch; null: open.</param>
    /// <param name="type">ONNX element type; 1 is float32.</param>
    /// <param name="length">Number of operators.</param>
    internal static OnnxModel Of(string op, int width, int? batch = null, int type = 1, int length = 1)
    {
        var graph = new GraphProto { Name = "chain" };
        for (var i = 0; i < length; i++)
            graph.Node.Add(NodeAttributes.Node(op, [$"t{i}"], [$"t{i + 1}"], $"{op}{i}"));
        graph.Input.Add(Tensor("t0", width, batch, type));
        graph.Output.Add(Tensor($"t{length}", width, batch, type));
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return new OnnxModel(model);
    }

    static ValueInfoProto Tensor(string name, int width, int? batch, int type)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(batch is { } rows ? new TensorShapeProto.Types.Dimension { DimValue = rows } : new TensorShapeProto.Types.Dimension { DimParam = "N" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = width });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = shape } } };
    }
}
