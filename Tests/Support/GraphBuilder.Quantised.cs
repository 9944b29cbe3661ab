using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Tests.Support;

/// <content>Quantised tensors and operators.</content>
public sealed partial class GraphBuilder
{
    /// <summary>Random 8-bit weights between -100 and 100 (signed) or 28 and 228.</summary>
    public string Bytes(string name, long[] dims, bool signed)
    {
        byte[] values = [.. Draw(dims).Select(_ => (byte)(_random.Next(-100, 101) + (signed ? 0 : 128)))];
        return Raw(name, dims, signed ? DataType.Int8 : DataType.Uint8, values);
    }

    /// <summary>8-bit zero points, all of the same value.</summary>
    public string Zeros(string name, long[] dims, bool signed, int value = 0) =>
        Raw(name, dims, signed ? DataType.Int8 : DataType.Uint8, [.. Draw(dims).Select(_ => (byte)value)]);

    /// <summary>An operator of ONNX Runtime's own domain.</summary>
    public string Microsoft(string op, string[] inputs, long[] shape, string? name = null, Action<NodeProto>? configure = null) =>
        Op(op, inputs, shape, name, node =>
        {
            node.Domain = "com.microsoft";
            configure?.Invoke(node);
        });

    /// <summary>Quantises to uint8 with zero point 120, per tensor.</summary>
    public string Quantize(string input, float scale = 0.03f)
    {
        var name = Name("q", null);
        return Op("QuantizeLinear", [input, Floats($"{name}.scale", [], scale), Zeros($"{name}.zero", [], signed: false, 120)], Shape(input), name);
    }

    /// <summary>Back from uint8 with zero point 120, per tensor.</summary>
    public string Dequantize(string input, float scale = 0.03f)
    {
        var name = Name("dq", null);
        return Op("DequantizeLinear", [input, Floats($"{name}.scale", [], scale), Zeros($"{name}.zero", [], signed: false, 120)], Shape(input), name);
    }

    /// <summary>The quantised tensor, its scale and its zero point, found while running.</summary>
    public (string Values, string Scale, string Zero) DynamicQuantize(string input)
    {
        var name = Name("dynamic", null);
        var node = NodeAttributes.Node("DynamicQuantizeLinear", [input], [name, $"{name}_scale", $"{name}_zero"], name);
        _graph.Node.Add(node);
        (_shapes[name], _shapes[$"{name}_scale"], _shapes[$"{name}_zero"]) = (Shape(input), [], []);
        return (name, $"{name}_scale", $"{name}_zero");
    }

    /// <summary>int8 weights with a scale per place of an axis, behind a DequantizeLinear.</summary>
    public string QuantisedWeight(string name, long[] dims, int axis)
    {
        var scale = Floats($"{name}.scale", [dims[axis]], [.. Draw([dims[axis]]).Select(_ => 0.002f + (float)_random.NextDouble() * 0.01f)]);
        return Op("DequantizeLinear", [Bytes($"{name}.q", dims, signed: true), scale, Zeros($"{name}.zero", [dims[axis]], signed: true)],
            dims, name, n => n.Set("axis", axis));
    }

    string Raw(string name, long[] dims, DataType type, byte[] bytes)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(dims);
        _graph.Initializer.Add(tensor);
        _shapes[name] = dims;
        return name;
    }
}
