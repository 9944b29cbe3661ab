using System.Diagnostics;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Alignment;

/// <summary>Times small chains of layers at channel counts on and beside the steps of the staircase.</summary>
static class AlignmentMeasurement
{
    const int Depth = 4;

    static readonly TimeSpan _limit = TimeSpan.FromSeconds(4);
    static readonly TimeSpan _each = TimeSpan.FromMilliseconds(10);

    static readonly int[] _channels =
        [.. Enumerable.Range(2, 15).Select(i => 4 * i).Concat([18, 21, 23, 27, 30, 35, 42, 47, 54, 63]).Order()];

    /// <summary>Measures all kinds; what is measured more than once counts with its fastest run.</summary>
    public static IReadOnlyList<AlignmentRow> Run(int threads, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        Dictionary<(AlignmentKind, int), double> fastest = [];
        // A second pass, as far as time allows: another process may have been busy during the first.
        for (var pass = 0; pass < 2; pass++)
            foreach (var channels in _channels)
                foreach (var kind in Enum.GetValues<AlignmentKind>())
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (pass > 0 && watch.Elapsed > _limit) break;
                    var time = Time(Chain(kind, channels), threads, _each);
                    fastest[(kind, channels)] = Math.Min(time, fastest.GetValueOrDefault((kind, channels), double.MaxValue));
                }
        return [.. fastest.Select(f => new AlignmentRow(f.Key.Item1, f.Key.Item2, f.Value)).OrderBy(row => row.Kind).ThenBy(row => row.Channels)];
    }

    /// <summary>Milliseconds of the fastest run within a time, of three runs at least.</summary>
    internal static double Time(ModelProto model, int threads, TimeSpan duration)
    {
        using var settings = OrtRuntime.CreateOptions();
        settings.IntraOpNumThreads = threads;
        settings.AddSessionConfigEntry("session.force_spinning_stop", "1");
        using var session = new InferenceSession(model.ToByteArray(), settings);
        using var options = new RunOptions();
        long[] shape = [.. model.Graph.Input[0].Type.TensorType.Shape.Dim.Select(d => d.DimValue)];
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++) values[i] = (i % 17 / 17f) - 0.5f;
        using var input = OrtValue.CreateTensorValueFromMemory(values, shape);
        string[] inputs = ["x"], outputs = [model.Graph.Output[0].Name];
        var fastest = double.MaxValue;
        var watch = Stopwatch.StartNew();
        for (var run = 0; run < 3 || watch.Elapsed < duration; run++)
        {
            var start = Stopwatch.GetTimestamp();
            using (session.Run(options, inputs, [input], outputs)) fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        return fastest;
    }

    /// <summary>Layers of one kind, each followed by a Relu, from C channels to C channels.</summary>
    internal static ModelProto Chain(AlignmentKind kind, int channels)
    {
        var model = InternalGraph.Create();
        var (kernel, group) = kind switch
        {
            AlignmentKind.Convolution => (3, 1),
            AlignmentKind.Depthwise => (3, channels),
            _ => (1, 1),
        };
        long size = kind == AlignmentKind.Convolution ? 14 : 28;
        long[] shape = kind == AlignmentKind.MatMul ? [256, channels] : [1, channels, size, size];
        long[] weight = kind == AlignmentKind.MatMul ? [channels, channels] : [channels, channels / group, kernel, kernel];
        InternalGraph.Input(model.Graph, "x", DataType.Float, shape.Length);
        for (var a = 0; a < shape.Length; a++) model.Graph.Input[0].Type.TensorType.Shape.Dim[a] = new() { DimValue = shape[a] };
        var values = new float[weight.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++) values[i] = ((i % 13) - 6) / (float)(weight[1] * kernel * kernel);
        var x = "x";
        for (var layer = 0; layer < Depth; layer++)
        {
            model.Graph.Initializer.Add(TensorData.FromFloats($"w{layer}", weight, values));
            var node = NodeAttributes.Node(kind == AlignmentKind.MatMul ? "MatMul" : "Conv", [x, $"w{layer}"], [$"y{layer}"]);
            if (kind != AlignmentKind.MatMul)
            {
                node.Set("group", group);
                node.Set("pads", [kernel / 2, kernel / 2, kernel / 2, kernel / 2]);
            }
            model.Graph.Node.Add(node);
            model.Graph.Node.Add(NodeAttributes.Node("Relu", [$"y{layer}"], [x = $"r{layer}"]));
        }
        InternalGraph.Output(model.Graph, x);
        return model;
    }
}
