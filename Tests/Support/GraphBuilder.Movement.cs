using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Tests.Support;

/// <content>Operators that move data, and constants.</content>
public sealed partial class GraphBuilder
{
    /// <summary>Concatenation along an axis.</summary>
    public string Concat(int axis, params string[] inputs)
    {
        var shape = (long[])Shape(inputs[0]).Clone();
        shape[axis] = inputs.Sum(i => Shape(i)[axis]);
        return Op("Concat", inputs, shape, null, node => node.Set("axis", axis));
    }

    /// <summary>Elements start, start+step ... below end along one axis (positive steps, end within the axis).</summary>
    public string Slice(string input, int axis, long start, long end, long step = 1, string? name = null)
    {
        var shape = (long[])Shape(input).Clone();
        shape[axis] = (end - start + step - 1) / step;
        name = Name("slice", name);
        return Op("Slice", [input, Integers($"{name}.starts", start), Integers($"{name}.ends", end),
            Integers($"{name}.axes", axis), Integers($"{name}.steps", step)], shape, name);
    }

    /// <summary>Zero padding: <paramref name="before"/> and <paramref name="after"/> elements along one axis.</summary>
    public string Pad(string input, int axis, long before, long after, string? name = null)
    {
        var shape = (long[])Shape(input).Clone();
        shape[axis] += before + after;
        name = Name("pad", name);
        var pads = new long[2 * shape.Length];
        (pads[axis], pads[axis + shape.Length]) = (before, after);
        return Op("Pad", [input, Integers($"{name}.pads", pads)], shape, name, node => node.Set("mode", "constant"));
    }

    /// <summary>Equal parts along an axis.</summary>
    public string[] Split(string input, int axis, int parts, string? name = null)
    {
        name = Name("split", name);
        var shape = (long[])Shape(input).Clone();
        shape[axis] /= parts;
        var outputs = Enumerable.Range(0, parts).Select(i => $"{name}:{i}").ToArray();
        var sizes = Integers($"{name}.sizes", Repeat(shape[axis], parts));
        var node = NodeAttributes.Node("Split", [input, sizes], outputs, name);
        node.Set("axis", axis);
        _graph.Node.Add(node);
        foreach (var o in outputs) _shapes[o] = shape;
        return outputs;
    }

    /// <summary>Reshape; <paramref name="dims"/> may hold one -1 and zeros (copy the input's dimension).</summary>
    public string Reshape(string input, params long[] dims)
    {
        var x = Shape(input);
        var name = Name("reshape", null);
        var shape = dims.Select((d, i) => d == 0 ? x[i] : d).ToArray();
        var known = shape.Where(d => d > 0).Aggregate(1L, (a, b) => a * b);
        var total = x.Aggregate(1L, (a, b) => a * b);
        return Op("Reshape", [input, Integers($"{name}.shape", dims)],
            [.. shape.Select(d => d < 0 ? total / known : d)], name);
    }

    /// <summary>Flatten to a matrix [batch, rest].</summary>
    public string Flatten(string input, string? name = null) =>
        Op("Flatten", [input], [Shape(input)[0], Shape(input)[1..].Aggregate(1L, (a, b) => a * b)], name,
            node => node.Set("axis", 1L));

    /// <summary>Permutes the dimensions.</summary>
    public string Transpose(string input, params long[] perm) =>
        Op("Transpose", [input], [.. perm.Select(p => Shape(input)[p])], null, node => node.Set("perm", perm));

    /// <summary>Removes dimensions of size 1.</summary>
    public string Squeeze(string input, params long[] axes)
    {
        var name = Name("squeeze", null);
        return Op("Squeeze", [input, Integers($"{name}.axes", axes)],
            [.. Shape(input).Where((_, i) => !axes.Contains(i))], name);
    }

    /// <summary>Picks the given indices along an axis.</summary>
    public string Gather(string input, int axis, params long[] indices)
    {
        var shape = (long[])Shape(input).Clone();
        shape[axis] = indices.Length;
        var name = Name("gather", null);
        return Op("Gather", [input, Integers($"{name}.indices", indices)], shape, name, node => node.Set("axis", axis));
    }

    /// <summary>Moves blocks of channels to pixels: [n, c*b*b, h, w] to [n, c, h*b, w*b].</summary>
    public string DepthToSpace(string input, int block, string mode = "DCR", string? name = null)
    {
        var x = Shape(input);
        return Op("DepthToSpace", [input], [x[0], x[1] / (block * block), x[2] * block, x[3] * block], name, node =>
        {
            node.Set("blocksize", block);
            node.Set("mode", mode);
        });
    }

    /// <summary>Channel shuffle of ShuffleNet: Reshape, Transpose, Reshape.</summary>
    public string ChannelShuffle(string input, int groups)
    {
        var x = Shape(input);
        var split = Reshape(input, 0, groups, x[1] / groups, x[2], x[3]);
        return Reshape(Transpose(split, 0, 2, 1, 3, 4), 0, x[1], x[2], x[3]);
    }

    /// <summary>A random float initializer of the given full shape, N(0, 1/fanIn).</summary>
    public string Weight(string name, long[] dims, long fanIn = 1)
    {
        var scale = Math.Sqrt(1.0 / fanIn);
        return Floats(name, dims, [.. Draw(dims).Select(_ => (float)(Normal() * scale))]);
    }

    /// <summary>A float initializer with given values.</summary>
    public string Floats(string name, long[] dims, params float[] values)
    {
        _graph.Initializer.Add(Tensor(name, dims, values));
        _shapes[name] = dims;
        return name;
    }

    /// <summary>A float32 vector whatever the <see cref="ElementType"/>, as scales of a Resize are.</summary>
    public string Floats32(string name, params float[] values)
    {
        _graph.Initializer.Add(TensorData.FromFloats(name, [values.Length], values));
        _shapes[name] = [values.Length];
        return name;
    }

    /// <summary>An int64 initializer with one dimension.</summary>
    public string Integers(string name, params long[] values)
    {
        _graph.Initializer.Add(TensorData.FromIntegers(name, [values.Length], values));
        _shapes[name] = [values.Length];
        return name;
    }

    /// <summary>An int64 initializer without dimensions.</summary>
    public string Scalar(string name, long value)
    {
        _graph.Initializer.Add(TensorData.FromIntegers(name, [], [value]));
        _shapes[name] = [];
        return name;
    }

    /// <summary>A random float tensor made by a Constant node instead of an initializer, N(0, 1/fanIn).</summary>
    public string Constant(string name, long[] dims, long fanIn = 1)
    {
        var scale = Math.Sqrt(1.0 / fanIn);
        var value = Tensor("", dims, [.. Draw(dims).Select(_ => (float)(Normal() * scale))]);
        var attribute = new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = value };
        return Op("Constant", [], dims, name, node => node.Attribute.Add(attribute));
    }

    string Positive(string name, long count) =>
        Floats(name, [count], [.. Draw([count]).Select(_ => (float)(0.5 + _random.NextDouble()))]);

    TensorProto Tensor(string name, long[] dims, float[] values)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)ElementType };
        tensor.Dims.AddRange(dims);
        TensorData.SetFloats(tensor, values);
        return tensor;
    }

    static IEnumerable<int> Draw(long[] dims) => Enumerable.Range(0, (int)dims.Aggregate(1L, (a, b) => a * b));

    double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
