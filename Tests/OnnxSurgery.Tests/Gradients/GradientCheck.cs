using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>
/// Compares gradients with central differences along random directions: those of f = sum of seed x output, and, second,
/// those of h = sum of weight x gradient of f. Differences are of the fourth order, sums are taken in double precision.
/// </summary>
sealed class GradientCheck
{
    readonly DifferentiableModel _model;
    readonly string[] _with;
    readonly double[][] _point;
    readonly Random _random;
    readonly DataType _type;

    GradientCheck(ModelProto model, int seed, Draw draw, DataType type, NormalisationMode mode)
    {
        (_type, _random) = (type, new Random(seed));
        _model = DifferentiableModel.Prepare(model, 2, normalisation: mode);
        var graph = _model.Proto.Graph;
        var index = new GraphIndex(graph);
        string[] weights = [.. graph.Initializer.Where(t => t.DataType == (int)type && model.Graph.Initializer.Any(i => i.Name == t.Name)
            && !t.Name.StartsWith("const", StringComparison.Ordinal)).Select(t => t.Name)];
        _model.ExposeWeights(weights);
        _with = [.. index.Inputs.Where(i => i.Type.TensorType.ElemType == (int)type).Select(i => i.Name), .. weights];
        _point = [.. _with.Select(w => Values(Count(_model.Trace.Shape(w)), w.Contains("var", StringComparison.Ordinal) || w.Contains("gamma", StringComparison.Ordinal) ? Draw.Positive : draw))];
    }

    /// <summary>Checks a case at a seed.</summary>
    public static void Run(GradientCase c, int seed, NormalisationMode mode = NormalisationMode.Frozen)
    {
        // Double precision where ONNX Runtime has the operators in it, which is not everywhere.
        try
        {
            new GradientCheck(c.Model(seed, DataType.Double), seed, c.Values, DataType.Double, mode).Check(c.ToString(), 1e-3, 1e-6);
            return;
        }
        catch (OnnxSurgeryException e) when (e.Message.Contains("NOT_IMPLEMENTED", StringComparison.Ordinal) || e.Message.Contains("not find an implementation", StringComparison.Ordinal) || e.Message.Contains("Type Error", StringComparison.Ordinal))
        {
        }
        new GradientCheck(c.Model(seed, DataType.Float), seed, c.Values, DataType.Float, mode).Check(c.ToString(), 2e-2, 2e-3);
    }

    void Check(string what, double step, double tolerance)
    {
        var output = _model.Proto.Graph.Output[0].Name;
        var seeds = Values(Count(_model.Trace.Shape(output)), Draw.Smooth);
        var first = _model.AddGradients(output, _with, Constant("check_seed", seeds, _model.Trace.Shape(output)));
        var weights = _with.Select((w, i) => Values(_point[i].Length, Draw.Smooth)).ToArray();
        var sum = Weighted([.. _with.Select(w => first[w])], weights);
        var second = _model.AddGradients(sum, _with);
        using var session = OrtRuntime.CreateSession(_model.Build([output, .. _with.Select(w => first[w]), .. _with.Select(w => second[w])]));
        var n = _with.Length;
        (double F, double H, double[][] First, double[][] Second) At(double[][] point)
        {
            var results = RunOnce(session, point, [output, .. _with.Select(w => first[w]), .. _with.Select(w => second[w])]);
            var h = Enumerable.Range(0, n).Sum(i => Dot(weights[i], results[1 + i]));
            return (Dot(seeds, results[0]), h, results[1..(1 + n)], results[(1 + n)..]);
        }
        var here = At(_point);
        for (var i = 0; i < n; i++)
            for (var repeat = 0; repeat < 2; repeat++)
            {
                var direction = Values(_point[i].Length, Draw.Smooth);
                (double F, double H) Moved(double by)
                {
                    var point = _point.ToArray();
                    point[i] = [.. point[i].Zip(direction, (p, d) => p + by * d)];
                    var (f, h, _, _) = At(point);
                    return (f, h);
                }
                var (near, far) = ((Moved(step), Moved(-step)), (Moved(2 * step), Moved(-2 * step)));
                double Difference(Func<(double F, double H), double> of) =>
                    (8 * (of(near.Item1) - of(near.Item2)) - (of(far.Item1) - of(far.Item2))) / (12 * step);
                Compare($"{what}: gradient with respect to {_with[i]}", Difference(m => m.F), Dot(here.First[i], direction), Size(here.First[i], direction), tolerance);
                Compare($"{what}: second gradient with respect to {_with[i]}", Difference(m => m.H), Dot(here.Second[i], direction), Size(here.Second[i], direction), tolerance);
            }
    }

    static void Compare(string what, double numeric, double analytic, double size, double tolerance) =>
        Assert.True(Math.Abs(numeric - analytic) <= tolerance * Math.Max(1, size), $"{what} is {analytic:g8}, differences say {numeric:g8}");

    string Weighted(string[] tensors, double[][] weights)
    {
        var graph = _model.Proto.Graph;
        var w = new NodeWriter(graph.Node, graph) { Type = _type };
        string[] parts = [.. tensors.Select((t, i) => w.ReduceSum(w.Reshape(w.Mul(t, Constant($"check_weight_{i}", weights[i], _model.Trace.Shape(_with[i]))), [-1]), [0], keep: false))];
        var sum = w.Emit("Sum", parts);
        _model.Changed();
        return sum;
    }

    string Constant(string name, double[] values, long[] dims)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)_type, RawData = ByteString.CopyFrom(Bytes(values)) };
        tensor.Dims.AddRange(dims);
        _model.Proto.Graph.Initializer.Add(tensor);
        _model.Changed();
        return name;
    }

    double[][] RunOnce(ModelSession session, double[][] point, string[] wanted)
    {
        List<OrtValue> values = [];
        try
        {
            for (var i = 0; i < _with.Length; i++)
            {
                var shape = _model.Trace.Shape(_with[i]);
                values.Add(_type == DataType.Double
                    ? OrtValue.CreateTensorValueFromMemory(point[i], shape)
                    : OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(point[i], v => (float)v), shape));
            }
            using var options = new RunOptions();
            using var results = session.Run(options, _with, values, wanted);
            return [.. results.Select(r => _type == DataType.Double
                ? r.GetTensorDataAsSpan<double>().ToArray() : Array.ConvertAll(r.GetTensorDataAsSpan<float>().ToArray(), v => (double)v))];
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }

    double[] Values(long count, Draw draw)
    {
        var values = Enumerable.Range(0, (int)count).Select(_ => draw == Draw.Positive ? 0.5 + 1.5 * _random.NextDouble() : 2 * _random.NextDouble() - 1).ToArray();
        if (draw != Draw.Apart) return values;
        // Half steps apart from zero and from each other.
        var order = Enumerable.Range(0, (int)count).ToArray();
        _random.Shuffle(order);
        return Array.ConvertAll(order, o => (o - count / 2 + 0.5) * 0.13);
    }

    byte[] Bytes(double[] values) => _type == DataType.Double
        ? MemoryMarshal.AsBytes(values.AsSpan()).ToArray()
        : MemoryMarshal.AsBytes(Array.ConvertAll(values, v => (float)v).AsSpan()).ToArray();

    static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    static double Size(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x * y)).Sum();

    static long Count(long[] shape) => shape.Aggregate(1L, (a, b) => a * b);
}
