using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Tests.Support;

/// <summary>
/// Builds small models in code, with seeded random weights. Every operator method returns the name of its output
/// tensor, so branches are plain variables: <c>var a = b.Conv(x, 8); var y = b.Add(a, b.Conv(a, 8));</c>.
/// The node is named like its output, its tensors <c>{node}.weight</c> and so on. Operators that move data or
/// build constants are in GraphBuilder.Movement.cs.
/// </summary>
/// <param name="seed">Seed of all weights.</param>
/// <param name="opset">Version of the default domain; 13 to 17 are written correctly.</param>
public sealed partial class GraphBuilder(int seed, int opset = 17)
{
    readonly GraphProto _graph = new() { Name = "test" };
    readonly Random _random = new(seed);
    readonly Dictionary<string, long[]> _shapes = [];
    readonly Dictionary<string, int> _count = [];

    /// <summary>Element type of inputs and weights: float32 unless set to Float16, Bfloat16 or Double.</summary>
    public DataType ElementType { get; init; } = DataType.Float;

    /// <summary>A fixed batch size; null (the default) writes the symbolic dimension "N".</summary>
    public long? Batch { get; init; }

    /// <summary>Opset version that <see cref="Build"/> writes.</summary>
    public int Opset => opset;

    /// <summary>The shape of a tensor at batch <see cref="Batch"/> (1 when symbolic).</summary>
    public long[] Shape(string tensor) => _shapes[tensor];

    /// <summary>Adds a graph input; <paramref name="dims"/> leave the batch out.</summary>
    public string Input(string name, params long[] dims)
    {
        _graph.Input.Add(Describe(name, [Batch ?? 1, .. dims]));
        _shapes[name] = [Batch ?? 1, .. dims];
        return name;
    }

    /// <summary>Convolution over all dimensions after the second; kernel, stride and pads are the same on each.</summary>
    public string Conv(string input, int outChannels, int kernel = 3, int stride = 1, int pads = 0, int group = 1,
        int dilation = 1, bool bias = true, string? name = null)
    {
        var x = Shape(input);
        var spatial = x.Length - 2;
        name = Name("conv", name);
        long[] dims = [outChannels, x[1] / group, .. Repeat(kernel, spatial)];
        string[] inputs = [input, Weight($"{name}.weight", dims, dims[1..].Aggregate((a, b) => a * b)),
            .. bias ? [Weight($"{name}.bias", [outChannels], 8)] : Array.Empty<string>()];
        var y = x[2..].Select(d => (d + 2 * pads - dilation * (kernel - 1) - 1) / stride + 1);
        return Op("Conv", inputs, [x[0], outChannels, .. y], name, node =>
        {
            Window(node, kernel, stride, pads, spatial);
            node.Set("dilations", Repeat(dilation, spatial));
            node.Set("group", group);
        });
    }

    /// <summary>Transposed convolution over all dimensions after the second.</summary>
    public string ConvTranspose(string input, int outChannels, int kernel = 2, int stride = 2, int pads = 0,
        int group = 1, bool bias = true, string? name = null)
    {
        var x = Shape(input);
        var spatial = x.Length - 2;
        name = Name("convtranspose", name);
        long[] dims = [x[1], outChannels / group, .. Repeat(kernel, spatial)];
        string[] inputs = [input, Weight($"{name}.weight", dims, x[1] / group),
            .. bias ? [Weight($"{name}.bias", [outChannels], 8)] : Array.Empty<string>()];
        var y = x[2..].Select(d => (d - 1) * stride + kernel - 2 * pads);
        return Op("ConvTranspose", inputs, [x[0], outChannels, .. y], name, node =>
        {
            Window(node, kernel, stride, pads, spatial);
            node.Set("group", group);
        });
    }

    /// <summary>Fully connected layer on a matrix; weights [out, in] with transB, else [in, out].</summary>
    public string Gemm(string input, int outFeatures, bool transB = true, bool bias = true, string? name = null)
    {
        var x = Shape(input);
        name = Name("gemm", name);
        string[] inputs = [input, Weight($"{name}.weight", transB ? [outFeatures, x[1]] : [x[1], outFeatures], x[1]),
            .. bias ? [Weight($"{name}.bias", [outFeatures], 8)] : Array.Empty<string>()];
        return Op("Gemm", inputs, [x[0], outFeatures], name, node => { if (transB) node.Set("transB", 1L); });
    }

    /// <summary>Product with a weight matrix [in, out] over the last dimension, without bias.</summary>
    public string MatMul(string input, int outFeatures, string? name = null)
    {
        var x = Shape(input);
        name = Name("matmul", name);
        return Op("MatMul", [input, Weight($"{name}.weight", [x[^1], outFeatures], x[^1])],
            [.. x[..^1], outFeatures], name);
    }

    /// <summary>Product of two activations of equal rank.</summary>
    public string MatMul(string a, string b) =>
        Op("MatMul", [a, b], [.. Broadcast(Shape(a)[..^2], Shape(b)[..^2]), Shape(a)[^2], Shape(b)[^1]]);

    /// <summary>Batch normalisation with random gamma, beta, mean and positive variance.</summary>
    public string BatchNorm(string input, string? name = null)
    {
        var c = Shape(input)[1];
        name = Name("batchnorm", name);
        return Op("BatchNormalization", [input, Positive($"{name}.gamma", c), Weight($"{name}.beta", [c], 8),
            Weight($"{name}.mean", [c], 8), Positive($"{name}.var", c)], Shape(input), name);
    }

    /// <summary>Instance normalisation with random scale and bias.</summary>
    public string InstanceNorm(string input, string? name = null)
    {
        var c = Shape(input)[1];
        name = Name("instancenorm", name);
        return Op("InstanceNormalization", [input, Positive($"{name}.scale", c), Weight($"{name}.bias", [c], 8)],
            Shape(input), name);
    }

    /// <summary>Layer normalisation over the last dimension, with scale and bias (opset 17).</summary>
    public string LayerNorm(string input, string? name = null)
    {
        var c = Shape(input)[^1];
        name = Name("layernorm", name);
        return Op("LayerNormalization", [input, Positive($"{name}.scale", c), Weight($"{name}.bias", [c], 8)],
            Shape(input), name, node => node.Set("axis", -1L));
    }

    /// <summary>Parametric ReLU with one slope per channel of dimension 1.</summary>
    public string PRelu(string input, string? name = null)
    {
        name = Name("prelu", name);
        var slope = Weight($"{name}.slope", [Shape(input)[1], .. Repeat(1, Shape(input).Length - 2)], 16);
        return Op("PRelu", [input, slope], Shape(input), name);
    }

    /// <summary>An operator with one input that keeps the shape: Relu, Sigmoid, Tanh, Identity ...</summary>
    public string Unary(string op, string input, string? name = null) => Op(op, [input], Shape(input), name);

    /// <summary>Rectifier.</summary>
    public string Relu(string input, string? name = null) => Unary("Relu", input, name);

    /// <summary>Softmax along an axis.</summary>
    public string Softmax(string input, int axis = -1, string? name = null) =>
        Op("Softmax", [input], Shape(input), name, node => node.Set("axis", axis));

    /// <summary>An elementwise operator with two inputs and numpy broadcasting: Add, Sub, Mul, Div ...</summary>
    public string Binary(string op, string a, string b, string? name = null) =>
        Op(op, [a, b], Broadcast(Shape(a), Shape(b)), name);

    /// <summary>Elementwise sum.</summary>
    public string Add(string a, string b, string? name = null) => Binary("Add", a, b, name);

    /// <summary>Elementwise product.</summary>
    public string Mul(string a, string b, string? name = null) => Binary("Mul", a, b, name);

    /// <summary>Max pooling over all dimensions after the second.</summary>
    public string MaxPool(string input, int kernel = 2, int stride = 2, int pads = 0, string? name = null) =>
        Pool("MaxPool", input, kernel, stride, pads, name);

    /// <summary>Average pooling over all dimensions after the second, padding not counted.</summary>
    public string AveragePool(string input, int kernel = 2, int stride = 2, int pads = 0, string? name = null) =>
        Pool("AveragePool", input, kernel, stride, pads, name);

    /// <summary>Mean over all dimensions after the second, which become 1.</summary>
    public string GlobalAveragePool(string input, string? name = null) =>
        Op("GlobalAveragePool", [input], [.. Shape(input)[..2], .. Repeat(1, Shape(input).Length - 2)], name);

    /// <summary>Mean along axes.</summary>
    public string ReduceMean(string input, long[] axes, bool keepdims = true, string? name = null)
    {
        var reduced = axes.Select(a => a < 0 ? a + Shape(input).Length : a).ToHashSet();
        var shape = Shape(input).Select((d, i) => reduced.Contains(i) ? (keepdims ? 1 : -1) : d).Where(d => d > 0);
        return Op("ReduceMean", [input], [.. shape], name, node =>
        {
            node.Set("axes", axes);
            node.Set("keepdims", keepdims ? 1L : 0L);
        });
    }

    /// <summary>Any operator with one output; <paramref name="shape"/> is the output shape at this batch.</summary>
    public string Op(string op, string[] inputs, long[] shape, string? name = null, Action<NodeProto>? configure = null)
    {
        name = Name(op.ToLowerInvariant(), name);
        var node = NodeAttributes.Node(op, inputs, [name], name);
        configure?.Invoke(node);
        _graph.Node.Add(node);
        _shapes[name] = shape;
        return name;
    }

    /// <summary>Any operator with several outputs, named like the first; an empty output name is one that is left out.</summary>
    public void Several(string op, string[] inputs, string[] outputs, long[][] shapes, Action<NodeProto>? configure = null)
    {
        var node = NodeAttributes.Node(op, inputs, outputs, outputs.First(o => o.Length > 0));
        configure?.Invoke(node);
        _graph.Node.Add(node);
        foreach (var (output, shape) in outputs.Zip(shapes)) _shapes[output] = shape;
    }

    /// <summary>The model, returning the given tensors as graph outputs.</summary>
    public ModelProto Build(params string[] outputs)
    {
        var graph = _graph.Clone();
        graph.Output.AddRange(outputs.Select(o => Describe(o, Shape(o))));
        var model = new ModelProto { IrVersion = opset > 17 ? 10 : 8, ProducerName = "tests", Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });
        if (graph.Node.Any(n => n.Domain == "com.microsoft")) model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        return model;
    }

    string Pool(string op, string input, int kernel, int stride, int pads, string? name)
    {
        var x = Shape(input);
        var y = x[2..].Select(d => (d + 2 * pads - kernel) / stride + 1);
        return Op(op, [input], [x[0], x[1], .. y], name, node => Window(node, kernel, stride, pads, x.Length - 2));
    }

    static void Window(NodeProto node, int kernel, int stride, int pads, int spatial)
    {
        node.Set("kernel_shape", Repeat(kernel, spatial));
        node.Set("strides", Repeat(stride, spatial));
        node.Set("pads", Repeat(pads, 2 * spatial));
    }

    // A free name: the given one, else the prefix with a running number. Op() is called with the name already
    // taken by the operator methods above, so only prefixes are counted.
    string Name(string prefix, string? given)
    {
        if (given is not null) return given;
        var number = _count.GetValueOrDefault(prefix);
        _count[prefix] = number + 1;
        return $"{prefix}_{number}";
    }

    ValueInfoProto Describe(string name, long[] shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)ElementType, Shape = new TensorShapeProto() };
        for (var i = 0; i < shape.Length; i++)
            tensor.Shape.Dim.Add(i == 0 && Batch is null
                ? new TensorShapeProto.Types.Dimension { DimParam = "N" }
                : new TensorShapeProto.Types.Dimension { DimValue = shape[i] });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    static long[] Broadcast(long[] a, long[] b)
    {
        var rank = Math.Max(a.Length, b.Length);
        long[] x = [.. Repeat(1, rank - a.Length), .. a], y = [.. Repeat(1, rank - b.Length), .. b];
        return [.. x.Zip(y, Math.Max)];
    }

    static long[] Repeat(long value, int count) => [.. Enumerable.Repeat(value, count)];
}
