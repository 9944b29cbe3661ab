using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Runs models on random input and compares what they return.</summary>
static class ModelRunner
{
    /// <summary>An output: its shape and values.</summary>
    public sealed record Output(string Name, long[] Shape, float[] Values, bool IsHalf);

    /// <summary>All float and integer outputs at a batch that differs from the one shapes are traced at.</summary>
    public static IReadOnlyList<Output> Run(ModelProto model, int seed = 1, IReadOnlyDictionary<string, long[]>? shapes = null)
    {
        var inputs = new GraphIndex(model.Graph).Inputs;
        using var session = OrtRuntime.CreateSession(model);
        using var options = new RunOptions();
        List<OrtValue> values = [];
        try
        {
            foreach (var input in inputs)
            {
                var shape = new InputShapes([input], shapes).At(input, 3);
                var type = (TensorElementType)input.Type.TensorType.ElemType;
                values.Add(OrtTensors.FromFloats(Noise(shape.Aggregate(1L, (a, b) => a * b), type, seed), shape, type));
            }
            string[] names = [.. model.Graph.Output.Select(o => o.Name)];
            using var results = session.Run(options, [.. inputs.Select(i => i.Name)], values, names);
            return [.. names.Select((name, i) => Read(name, results[i])).OfType<Output>()];
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }

    /// <summary>Checks max|a-b| &lt;= 1e-4 x max(1, max|a|), 2e-2 for half precision, and equal shapes.</summary>
    public static void AssertSame(IReadOnlyList<Output> expected, IReadOnlyList<Output> actual, string what)
    {
        Assert.Equal(expected.Select(o => o.Name), actual.Select(o => o.Name));
        foreach (var (e, a) in expected.Zip(actual))
        {
            Assert.True(e.Shape.AsSpan().SequenceEqual(a.Shape), $"{what}: '{e.Name}' is [{string.Join(',', a.Shape)}] instead of [{string.Join(',', e.Shape)}]");
            var difference = Difference(e, a);
            Assert.True(difference <= (e.IsHalf ? 2e-2 : 1e-4), $"{what}: '{e.Name}' differs by {difference:g3}");
        }
    }

    /// <summary>max|a-b| / max(1, max|a|); infinite where only one is a number.</summary>
    public static double Difference(Output expected, Output actual)
    {
        double largest = 1, difference = 0;
        for (var i = 0; i < expected.Values.Length; i++)
        {
            var (e, a) = (expected.Values[i], actual.Values[i]);
            if (e.Equals(a)) continue;
            if (!float.IsFinite(e) || !float.IsFinite(a)) return double.PositiveInfinity;
            largest = Math.Max(largest, Math.Abs(e));
            difference = Math.Max(difference, Math.Abs(e - a));
        }
        foreach (var e in expected.Values.Where(float.IsFinite)) largest = Math.Max(largest, Math.Abs(e));
        return difference / largest;
    }

    /// <summary>Values of a tensor as floats, and its shape.</summary>
    public static (float[] Values, long[] Shape) Values(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        return (info.ElementDataType switch
        {
            TensorElementType.Int64 => Array.ConvertAll(value.GetTensorDataAsSpan<long>().ToArray(), v => (float)v),
            TensorElementType.Int32 => Array.ConvertAll(value.GetTensorDataAsSpan<int>().ToArray(), v => (float)v),
            TensorElementType.UInt8 => Array.ConvertAll(value.GetTensorDataAsSpan<byte>().ToArray(), v => (float)v),
            TensorElementType.Bool => Array.ConvertAll(value.GetTensorDataAsSpan<bool>().ToArray(), v => v ? 1f : 0),
            _ => OrtTensors.ToFloats(value),
        }, info.Shape);
    }

    static Output? Read(string name, OrtValue value)
    {
        if (!value.IsTensor) return null;
        var (values, shape) = Values(value);
        return new(name, shape, values, value.GetTensorTypeAndShape().ElementDataType == TensorElementType.Float16);
    }

    // Integers are mostly indices, sizes or byte images: zeros are always in range.
    static float[] Noise(long count, TensorElementType type, int seed)
    {
        var random = new Random(seed);
        var isFloat = type is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Double;
        return [.. Enumerable.Range(0, (int)count).Select(_ => isFloat ? (float)((2 * random.NextDouble()) - 1) : 0)];
    }
}
