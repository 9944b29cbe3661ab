using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Adds nodes and constants under fresh names. Every method returns the name of the tensor it makes, so that a rule
/// reads like its formula. All nodes are of opset 17.
/// </summary>
sealed class NodeWriter
{
    readonly ICollection<NodeProto> _nodes;
    readonly GraphProto _graph;
    readonly string _prefix;
    readonly Dictionary<string, string> _constants = [];
    int _count;

    /// <summary>Writes to a list of nodes; constants go to the graph's initializers.</summary>
    /// <param name="nodes">Receives the nodes, in the order in which they are written.</param>
    /// <param name="graph">The graph that they will belong to.</param>
    public NodeWriter(ICollection<NodeProto> nodes, GraphProto graph)
    {
        (_nodes, _graph) = (nodes, graph);
        HashSet<string> used = [.. graph.Node.SelectMany(n => n.Output), .. graph.Initializer.Select(i => i.Name), .. graph.Input.Select(i => i.Name)];
        var number = 1;
        while (used.Any(u => u.StartsWith($"g{number}_", StringComparison.Ordinal))) number++;
        _prefix = $"g{number}_";
    }

    /// <summary>Element type of the float constants made from now on.</summary>
    public DataType Type { get; set; } = DataType.Float;

    /// <summary>Any node with one output.</summary>
    /// <param name="op">Operator of the default domain.</param>
    /// <param name="inputs">Its inputs; an empty name leaves one out.</param>
    /// <param name="set">Sets attributes.</param>
    /// <param name="output">Name of the output; a fresh one if null.</param>
    public string Emit(string op, IEnumerable<string> inputs, Action<NodeProto>? set = null, string? output = null)
    {
        output ??= Fresh(op);
        var node = NodeAttributes.Node(op, inputs, [output]);
        set?.Invoke(node);
        _nodes.Add(node);
        return output;
    }

    /// <summary>A tensor name not used yet.</summary>
    public string Fresh(string hint) => $"{_prefix}{hint}_{_count++}";

    /// <summary>Adds a node as it is.</summary>
    public void Add(NodeProto node) => _nodes.Add(node);

    public string Unary(string op, string x) => Emit(op, [x]);

    public string Add(string a, string b) => Emit("Add", [a, b]);

    public string Sub(string a, string b) => Emit("Sub", [a, b]);

    public string Mul(string a, string b) => Emit("Mul", [a, b]);

    public string Div(string a, string b) => Emit("Div", [a, b]);

    public string Neg(string x) => Emit("Neg", [x]);

    public string MatMul(string a, string b) => Emit("MatMul", [a, b]);

    /// <summary>x times a number; x itself for 1.</summary>
    public string Scale(string x, double factor) => factor == 1 ? x : Mul(x, Scalar(factor));

    /// <summary>A truth value as the number 0 or 1.</summary>
    public string Number(string truth) => Cast(truth, Type);

    public string Cast(string x, DataType type) => Emit("Cast", [x], n => n.Set("to", (long)type));

    public string Where(string condition, string a, string b) => Emit("Where", [condition, a, b]);

    public string Reshape(string x, long[] shape, string? output = null) => Emit("Reshape", [x, Ints(shape)], null, output);

    public string Expand(string x, long[] shape) => Emit("Expand", [x, Ints(shape)]);

    public string Transpose(string x, params long[] order) => Emit("Transpose", [x], n => n.Set("perm", order));

    public string ReduceSum(string x, long[] axes, bool keep) => Emit("ReduceSum", [x, Ints(axes)], n => n.Set("keepdims", keep ? 1 : 0));

    public string ReduceMean(string x, long[] axes, bool keep) => Emit("ReduceMean", [x], n =>
    {
        n.Set("axes", axes);
        n.Set("keepdims", keep ? 1 : 0);
    });

    public string Slice(string x, long[] starts, long[] ends, long[] axes, long[] steps, string? output = null) =>
        Emit("Slice", [x, Ints(starts), Ints(ends), Ints(axes), Ints(steps)], null, output);

    /// <summary>Zeros before and after each axis; negative numbers crop. x itself when nothing is to be done.</summary>
    public string Pad(string x, long[] before, long[] after) =>
        before.Concat(after).All(p => p == 0) ? x : Emit("Pad", [x, Ints([.. before, .. after]), Scalar(0)]);

    /// <summary>x read backwards along some axes.</summary>
    public string Flip(string x, long[] axes) => axes.Length == 0 ? x
        : Slice(x, Repeat(-1, axes.Length), Repeat(long.MinValue + 1, axes.Length), axes, Repeat(-1, axes.Length));

    /// <summary>Zeros of a shape with values added at the given indices along an axis.</summary>
    public string ScatterAdd(long[] shape, string indices, string values, long axis) => Emit("ScatterElements", [Fill(shape, 0), indices, values], n =>
    {
        n.Set("axis", axis);
        n.Set("reduction", "add");
    });

    /// <summary>A constant number of the current <see cref="Type"/>.</summary>
    public string Scalar(double value) => Floats([], [value]);

    /// <summary>A tensor that holds one value everywhere, not stored.</summary>
    public string Fill(long[] shape, double value) => Expand(Scalar(value), shape);

    /// <summary>A constant of the current <see cref="Type"/>.</summary>
    public string Floats(long[] dims, ReadOnlySpan<double> values)
    {
        var single = Array.ConvertAll(values.ToArray(), v => (float)v);
        var tensor = Type == DataType.Double
            ? new TensorProto { DataType = (int)Type, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values)) }
            : TensorData.FromFloats("", dims, single);
        if (Type == DataType.Double) tensor.Dims.AddRange(dims);
        if (Type is not (DataType.Double or DataType.Float))
        {
            tensor.DataType = (int)Type;
            TensorData.SetFloats(tensor, single);
        }
        return Constant(tensor);
    }

    /// <summary>A constant vector of int64.</summary>
    public string Ints(params long[] values) => Ints([values.Length], values);

    /// <summary>A constant of int64.</summary>
    public string Ints(long[] dims, long[] values) => Constant(TensorData.FromIntegers("", dims, values));

    string Constant(TensorProto tensor)
    {
        var key = $"{tensor.DataType}:{string.Join(',', tensor.Dims)}:{Convert.ToBase64String(tensor.RawData.Span)}";
        if (_constants.TryGetValue(key, out var name)) return name;
        tensor.Name = name = Fresh("c");
        _graph.Initializer.Add(tensor);
        return _constants[key] = name;
    }

    static long[] Repeat(long value, int count) => [.. Enumerable.Repeat(value, count)];
}
