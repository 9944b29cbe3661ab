using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Gradients.Blocked;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Benchmarks;

/// <summary>What a 3x3 convolution and its gradients cost in the forms that a graph can give them; weights change from run to run.</summary>
static class ConvolutionForms
{
    const int Rounds = 15;

    static readonly (int Channels, int Side)[] _sizes = [(16, 32), (32, 16), (64, 8)];

    static readonly (string Name, Func<Layer, ModelProto> Build)[] _forms =
    [
        ("forward, constant weights", l => l.Forward(constant: true)),
        ("forward, weights as input", l => l.Forward(constant: false)),
        ("forward, blocked", l => Blocked(l.Forward(constant: false))),
        ("to the input: ConvTranspose", l => l.Transposed()),
        ("to the input: Conv with flipped weights", l => l.Gradient("x")),
        ("to the input: the same, blocked", l => Blocked(l.Gradient("x"))),
        ("to the weights: nine Slices, MatMul per image", l => l.Slices(perImage: true)),
        ("to the weights: nine Slices, one MatMul", l => l.Slices(perImage: false)),
        ("to the weights: Conv of transposed tensors", l => l.Gradient("w")),
        ("to the weights: the same, blocked", l => Blocked(l.Gradient("w"))),
    ];

    /// <summary>Runs: batch.</summary>
    public static int Run(string[] args)
    {
        var batch = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 64;
        // One thread, and its own time: what others do on the machine then hardly counts.
        using var execution = ExecutionOptions.Enter(new ExecutionOptions { Threads = 1 });
        Console.WriteLine($"CPU ms, 1 thread, batch {batch}, least of {Rounds}; tensors come and go unblocked");
        Console.WriteLine($"| form | {string.Join(" | ", _sizes.Select(s => $"{s.Channels} channels, {s.Side}x{s.Side}"))} |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var (name, build) in _forms)
            Console.WriteLine($"| {name} | {string.Join(" | ", _sizes.Select(s => Measure(build(new Layer(batch, s.Channels, s.Side))).ToString("F2", CultureInfo.InvariantCulture)))} |");
        return 0;
    }

    static double Measure(ModelProto model)
    {
        using var session = OrtRuntime.CreateSession(model);
        using var options = new RunOptions();
        var inputs = new GraphIndex(model.Graph).Inputs;
        var shapes = new InputShapes(inputs);
        var random = new Random(1);
        var values = inputs.Select(i => OrtTensors.FromFloats([.. Enumerable.Range(0, (int)shapes.At(i, 1).Aggregate(1L, (a, b) => a * b)).Select(_ => (float)random.NextDouble() - 0.5f)],
            shapes.At(i, 1), TensorElementType.Float)).ToArray();
        try
        {
            var least = double.PositiveInfinity;
            for (var round = 0; round < Rounds; round++)
            {
                var before = Process.GetCurrentProcess().TotalProcessorTime;
                using var results = session.Run(options, [.. inputs.Select(i => i.Name)], values, [.. model.Graph.Output.Select(o => o.Name)]);
                least = Math.Min(least, (Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds);
            }
            return least;
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }

    static ModelProto Blocked(ModelProto model)
    {
        BlockedConvolutions.Apply(model);
        return model;
    }

    // A 3x3 layer of as many channels out as in; x is its input, w its weights, dy the gradient of its output y.
    sealed class Layer(int batch, int channels, int side)
    {
        readonly long[] _map = [batch, channels, side, side];
        readonly long[] _weights = [channels, channels, 3, 3];

        public ModelProto Forward(bool constant)
        {
            var (graph, w) = Start([("x", _map)]);
            if (constant)
            {
                var random = new Random(1);
                graph.Initializer.Add(TensorData.FromFloats("w", _weights, [.. Enumerable.Range(0, 9 * channels * channels).Select(_ => (float)random.NextDouble() - 0.5f)]));
            }
            else Input(graph, "w", _weights);
            return Model(graph, w.Emit("Conv", ["x", "w"], Window));
        }

        public ModelProto Transposed()
        {
            var (graph, w) = Start([("dy", _map), ("w", _weights)]);
            return Model(graph, w.Emit("ConvTranspose", ["dy", "w"], Window));
        }

        public ModelProto Gradient(string with)
        {
            var prepared = DifferentiableModel.Prepare(Forward(constant: false), batch);
            Input(prepared.Proto.Graph, "dy", _map);
            prepared.Changed();
            var output = prepared.Proto.Graph.Output[0].Name;
            var graph = prepared.Build([prepared.AddGradients(output, [with], "dy")[with]]);
            foreach (var unread in graph.Graph.Input.Where(i => graph.Graph.Node.All(n => !n.Input.Contains(i.Name))).ToArray()) graph.Graph.Input.Remove(unread);
            return graph;
        }

        public ModelProto Slices(bool perImage)
        {
            var (graph, w) = Start([("x", _map), ("dy", _map)]);
            var padded = w.Pad("x", [0, 0, 1, 1], [0, 0, 1, 1]);
            string[] taps = [.. Enumerable.Range(0, 9).Select(k => w.Slice(padded, [k / 3, k % 3], [k / 3 + side, k % 3 + side], [2, 3], [1, 1]))];
            var patches = w.Reshape(w.Emit("Concat", taps, n => n.Set("axis", 1L)), [batch, 9 * channels, side * side]);
            var dy = w.Reshape("dy", [batch, channels, side * side]);
            return Model(graph, perImage
                ? w.ReduceSum(w.MatMul(patches, w.Transpose(dy, 0, 2, 1)), [0], keep: false)
                : w.Emit("Gemm", [w.Reshape(w.Transpose(patches, 1, 0, 2), [9 * channels, -1]), w.Reshape(w.Transpose(dy, 1, 0, 2), [channels, -1])], n => n.Set("transB", 1L)));
        }

        static (GraphProto, NodeWriter) Start((string Name, long[] Shape)[] inputs)
        {
            var graph = new GraphProto { Name = "layer" };
            foreach (var (name, shape) in inputs) Input(graph, name, shape);
            return (graph, new NodeWriter(graph.Node, graph));
        }

        static void Input(GraphProto graph, string name, long[] shape)
        {
            var type = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = new TensorShapeProto() };
            type.Shape.Dim.AddRange(shape.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
            graph.Input.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } });
        }

        static ModelProto Model(GraphProto graph, string output)
        {
            graph.Output.Add(new ValueInfoProto { Name = output });
            var model = new ModelProto { IrVersion = 8, Graph = graph };
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
            return model;
        }

        static void Window(NodeProto node)
        {
            node.Set("kernel_shape", 3, 3);
            node.Set("pads", 1, 1, 1, 1);
        }
    }
}
