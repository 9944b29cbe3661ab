using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// A network of QuantizeLinear and DequantizeLinear pairs before its roundings. Two graphs that compute the same in real
/// numbers differ by a last bit before a rounding, and now and then by a whole step behind it; without the roundings they
/// can be compared as closely as any others.
/// </summary>
static class UnroundedGraph
{
    /// <summary>A copy in which each pair on activations only limits what passes to the range of its integers, as the pair does; the same graph where there is none.</summary>
    /// <remarks>Pairs whose scale is no constant number (one per channel, or computed) stay as they are.</remarks>
    public static ModelProto Of(ModelProto model)
    {
        var index = new GraphIndex(model.Graph);
        var rounded = model.Graph.Node.Where(n => n.OpType == "QuantizeLinear" && index.Initializer(n.Input[0]) is null).ToDictionary(n => n.Output[0]);
        if (!model.Graph.Node.Any(n => Range(n) is not null)) return model;
        var result = model.Clone();
        List<NodeProto> nodes = [];
        var writer = new NodeWriter(nodes, result.Graph);
        foreach (var node in result.Graph.Node)
        {
            if (Range(node) is not { } range) nodes.Add(node);
            else
            {
                writer.Type = range.Type;
                writer.Emit("Min", [writer.Emit("Max", [rounded[node.Input[0]].Input[0], writer.Scalar(range.Low)]), writer.Scalar(range.High)], null, node.Output[0]);
            }
        }
        result.Graph.Node.Clear();
        result.Graph.Node.AddRange(nodes);
        return result;

        (double Low, double High, DataType Type)? Range(NodeProto node)
        {
            if (node.OpType != "DequantizeLinear" || !rounded.TryGetValue(node.Input[0], out var first) || Step(node) is not { } step || Step(first) != step) return null;
            var (least, most) = step.Zero is { } zero ? IntegerRange(zero) : (0, 255);
            return (step.Scale * (least - step.Offset), step.Scale * (most - step.Offset), step.Type);
        }

        // Scale and zero point where they are constant numbers of a known kind.
        (double Scale, double Offset, DataType? Zero, DataType Type)? Step(NodeProto node)
        {
            if (index.Initializer(node.Input[1]) is not { } scale || !TensorData.IsFloat(scale) || TensorData.ElementCount(scale) != 1) return null;
            var type = (DataType)scale.DataType;
            if (node.Input.Count < 3 || node.Input[2].Length == 0) return node.Find("output_dtype") is null ? (TensorData.Floats(scale)[0], 0, null, type) : null;
            if (index.Initializer(node.Input[2]) is not { } zero || TensorData.ElementCount(zero) != 1 || IntegerRange((DataType)zero.DataType) == (0, 0)) return null;
            var bytes = TensorData.Bytes(zero);
            double offset = (DataType)zero.DataType switch
            {
                DataType.Int8 => (sbyte)bytes[0],
                DataType.Uint16 => BitConverter.ToUInt16(bytes),
                DataType.Int16 => BitConverter.ToInt16(bytes),
                _ => bytes[0],
            };
            return (TensorData.Floats(scale)[0], offset, (DataType)zero.DataType, type);
        }
    }

    static (int Least, int Most) IntegerRange(DataType type) => type switch
    {
        DataType.Uint8 => (byte.MinValue, byte.MaxValue),
        DataType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        DataType.Uint16 => (ushort.MinValue, ushort.MaxValue),
        DataType.Int16 => (short.MinValue, short.MaxValue),
        _ => (0, 0),
    };
}
