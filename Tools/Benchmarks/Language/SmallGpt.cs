using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Benchmarks;

/// <summary>A decoder of the GPT kind with random weights: embeddings, blocks of causal attention and an MLP, normalisation before each.</summary>
/// <param name="words">Words known.</param>
/// <param name="length">Tokens of a text.</param>
/// <param name="seed">Seed of the weights.</param>
sealed class SmallGpt(int words, int length, ulong seed)
{
    const int Width = 48, Heads = 4, Blocks = 3;

    readonly Philox4x32 _random = new(seed);
    readonly GraphProto _graph = new() { Name = "gpt" };
    NodeWriter _w = null!;

    /// <summary>Token ids int64 [batch, length] in, scores float32 [batch, length, words] out.</summary>
    public OnnxModel Build()
    {
        _graph.Input.Add(Value("tokens", DataType.Int64, length));
        _w = new NodeWriter(_graph.Node, _graph);
        var x = _w.Add(_w.Emit("Gather", [Normal("embedding", 0.1, words, Width), "tokens"]), Normal("position", 0.1, length, Width));
        for (var b = 0; b < Blocks; b++)
        {
            x = _w.Add(x, Attention(Norm(x, $"block{b}.norm1"), $"block{b}.attention"));
            x = _w.Add(x, Mlp(Norm(x, $"block{b}.norm2"), $"block{b}.mlp"));
        }
        Named(Norm(x, "norm"), Normal("head", 0.1, Width, words), "head", "scores");
        _graph.Output.Add(Value("scores", DataType.Float, length, words));
        var model = new ModelProto { IrVersion = 8, ProducerName = "onnxedit", Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return new OnnxModel(model);
    }

    string Attention(string x, string name)
    {
        const int Size = Width / Heads;
        string Split(string which, params long[] order) =>
            _w.Transpose(_w.Reshape(Linear(x, Width, Width, $"{name}.{which}"), [0, length, Heads, Size]), order);
        var (query, key, value) = (Split("query", 0, 2, 1, 3), Split("key", 0, 2, 3, 1), Split("value", 0, 2, 1, 3));
        var scores = _w.Where(Causal(), _w.Scale(_w.MatMul(query, key), 1 / Math.Sqrt(Size)), _w.Scalar(-1e9));
        var mixed = Named(_w.Emit("Softmax", [scores], n => n.Set("axis", -1L)), value, $"{name}.mix", null);
        return Linear(_w.Reshape(_w.Transpose(mixed, 0, 2, 1, 3), [0, length, Width]), Width, Width, $"{name}.out");
    }

    string Mlp(string x, string name)
    {
        var h = Linear(x, Width, 4 * Width, $"{name}.in");
        // Gelu: h (1 + erf(h / sqrt 2)) / 2
        var gelu = _w.Mul(h, _w.Scale(_w.Add(_w.Unary("Erf", _w.Scale(h, Math.Sqrt(0.5))), _w.Scalar(1)), 0.5));
        return Linear(gelu, 4 * Width, Width, $"{name}.out");
    }

    string Norm(string x, string name) => _w.Emit("LayerNormalization", [x, Store($"{name}.gamma", [Width], _ => 1), Store($"{name}.beta", [Width], _ => 0)], n => n.Set("axis", -1L));

    string Linear(string x, int from, int to, string name) =>
        _w.Add(Named(x, Normal($"{name}.weight", Math.Sqrt(1.0 / from), from, to), name, null), Store($"{name}.bias", [to], _ => 0));

    // Components are known by the names of their nodes.
    string Named(string a, string b, string name, string? output)
    {
        output ??= _w.Fresh("MatMul");
        var node = NodeAttributes.Node("MatMul", [a, b], [output]);
        node.Name = name;
        _w.Add(node);
        return output;
    }

    string Causal()
    {
        const string Name = "causal";
        if (_graph.Initializer.Any(t => t.Name == Name)) return Name;
        var tensor = new TensorProto { Name = Name, DataType = (int)DataType.Bool };
        tensor.Dims.AddRange([1, 1, length, length]);
        tensor.RawData = Google.Protobuf.ByteString.CopyFrom([.. Enumerable.Range(0, length * length).Select(i => i % length <= i / length ? (byte)1 : (byte)0)]);
        _graph.Initializer.Add(tensor);
        return Name;
    }

    string Normal(string name, double deviation, params long[] dims) => Store(name, dims, _ => deviation * _random.NextGaussian());

    string Store(string name, long[] dims, Func<int, double> value)
    {
        _graph.Initializer.Add(TensorData.FromFloats(name, dims, [.. Enumerable.Range(0, (int)dims.Aggregate(1L, (a, b) => a * b)).Select(i => (float)value(i))]));
        return name;
    }

    static ValueInfoProto Value(string name, DataType type, params int[] dims)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        tensor.Shape.Dim.AddRange(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
