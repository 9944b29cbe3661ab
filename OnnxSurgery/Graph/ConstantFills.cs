using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Weights made by ConstantOfShape nodes. While a model is analysed and edited they are initializers like any other,
/// in memory only; a result in which such a tensor still holds one value throughout gets its node back, so that the
/// file stays as small as it was.
/// </summary>
static class ConstantFills
{
    /// <summary>Bytes of all fills of a model together; what goes beyond stays a node, whose channels are then locked.</summary>
    const long Room = 1L << 30;

    /// <summary>Turns ConstantOfShape nodes with constant shapes into initializers; changes the graph in place.</summary>
    /// <returns>The nodes replaced, by the name of their output; for what other nodes made of them, nodes that would do.</returns>
    public static IReadOnlyDictionary<string, NodeProto> Expand(ModelProto model)
    {
        var graph = model.Graph;
        var shapes = graph.Initializer.ToDictionary(t => t.Name);
        // An initializer that the caller may override is no constant; before IR version 4 all of them are listed.
        if (model.IrVersion >= 4)
            foreach (var input in graph.Input) shapes.Remove(input.Name);
        Dictionary<string, NodeProto> fills = [];
        var left = Room;
        for (var i = 0; i < graph.Node.Count; i++)
        {
            var node = graph.Node[i];
            if (node.OpType != "ConstantOfShape" || !node.IsStandard() || node.Input.Count != 1 || node.Output.Count != 1 || !shapes.TryGetValue(node.Input[0], out var shape)) continue;
            if (Fill(node, TensorData.Integers(shape), ref left) is not { } tensor) continue;
            graph.Initializer.Add(tensor);
            graph.Node.RemoveAt(i--);
            fills[node.Output[0]] = node;
        }
        if (fills.Count == 0) return fills;
        // What a Reshape or Transpose makes of a fill is a constant now, and as uniform.
        var before = graph.Initializer.Select(t => t.Name).ToHashSet();
        ConstantFolding.Apply(model);
        foreach (var t in graph.Initializer.Where(t => TensorData.IsFloat(t) && !before.Contains(t.Name)))
            fills[t.Name] = NodeAttributes.Node("ConstantOfShape", [""], [t.Name]);
        return fills;
    }

    /// <summary>Gives fills that still hold one value their nodes back; changes the graph in place.</summary>
    /// <param name="graph">An edited copy of the expanded graph.</param>
    /// <param name="fills">What <see cref="Expand"/> returned.</param>
    public static void Restore(GraphProto graph, IReadOnlyDictionary<string, NodeProto> fills)
    {
        List<NodeProto> nodes = [];
        for (var i = graph.Initializer.Count - 1; i >= 0; i--)
        {
            var tensor = graph.Initializer[i];
            if (!fills.TryGetValue(tensor.Name, out var source) || !IsUniform(tensor)) continue;
            var node = source.Clone();
            node.Input[0] = $"{tensor.Name}_shape";
            if (node.Attribute.Count == 0) node.Attribute.Add(Value(tensor));
            graph.Initializer[i] = TensorData.FromIntegers(node.Input[0], [tensor.Dims.Count], [.. tensor.Dims]);
            nodes.Insert(0, node);
        }
        for (var i = 0; i < nodes.Count; i++) graph.Node.Insert(i, nodes[i]);
    }

    static TensorProto? Fill(NodeProto node, long[] dims, ref long left)
    {
        var value = node.Find("value")?.T ?? TensorData.FromFloats("", [1], [0f]);
        var tensor = new TensorProto { Name = node.Output[0], DataType = value.DataType };
        tensor.Dims.AddRange(dims);
        if (!TensorData.IsFloat(tensor) || dims.Any(d => d < 0)) return null;
        var size = TensorData.ElementSize(tensor);
        if ((Int128)TensorData.ElementCount(tensor) * size > left) return null;
        var bytes = new byte[TensorData.ElementCount(tensor) * size];
        left -= bytes.Length;
        var element = TensorData.Bytes(value).AsSpan(0, size);
        if (element.ContainsAnyExcept((byte)0))
            for (var at = 0; at < bytes.Length; at += size) element.CopyTo(bytes.AsSpan(at));
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
        return tensor;
    }

    static AttributeProto Value(TensorProto tensor)
    {
        var value = new TensorProto { DataType = tensor.DataType, RawData = ByteString.CopyFrom(TensorData.View(tensor)[..TensorData.ElementSize(tensor)]) };
        value.Dims.Add(1);
        return new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = value };
    }

    // All elements equal: the bytes equal themselves shifted by one element.
    static bool IsUniform(TensorProto tensor)
    {
        var bytes = TensorData.View(tensor);
        var size = TensorData.ElementSize(tensor);
        return bytes.Length >= size && bytes[size..].SequenceEqual(bytes[..^size]);
    }
}
