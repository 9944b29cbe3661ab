using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Shapes that depend on the values that are fed are no constants, whatever they were in a trace.</summary>
public class DataShapesTests
{
    const int Draws = 8;

    public static TheoryData<int> Blocks => [.. Enumerable.Range(0, 8)];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Folding_keeps_what_random_graphs_with_sizes_of_their_data_return(int block)
    {
        for (var seed = 40 * block; seed < 40 * (block + 1); seed++)
        {
            var model = Network(new Random(seed), out var what);
            var folded = NormalisedModel.Create(model).Proto;
            using var before = new Session(model);
            using var after = new Session(folded);
            var random = new Random(seed);
            HashSet<float> seen = [];
            for (var draw = 0; draw < Draws; draw++)
            {
                float[] x = [.. Enumerable.Range(0, 64).Select(_ => (float)random.NextDouble())], v = [.. Enumerable.Range(0, 8).Select(_ => (float)random.NextDouble())];
                var expected = before.Run(("x", x, [1, 64]), ("v", v, [1, 8]));
                Assert.Equal(expected, after.Run(("x", x, [1, 64]), ("v", v, [1, 8])));
                seen.Add(expected[0]);
            }
            Assert.True(seen.Count > 1, $"seed {seed}, {what}: the output does not depend on the data.");
        }
    }

    [Fact]
    public void A_size_that_only_the_input_has_is_folded_all_the_same()
    {
        var b = new GraphBuilder(1);
        var x = b.Conv(b.Input("x", 3, 8, 8), 4, pads: 1);
        var shape = b.Op("Concat", [b.Gather(b.Op("Shape", [x], [4]), 0, 0), b.Integers("rest", -1)], [2], configure: n => n.Set("axis", 0L));
        var folded = NormalisedModel.Create(b.Build(b.Gemm(b.Op("Reshape", [x, shape], [1, 256], "flat"), 5))).Proto;
        Assert.DoesNotContain(folded.Graph.Node, n => n.OpType is "Shape" or "Concat");
    }

    [Fact]
    public void A_real_model_that_takes_a_place_in_its_picture_is_cut_right_at_every_place()
    {
        const int Place = 12288, Places = 63;
        var model = OnnxModel.Load(SharedData.Require("models", "zoo", "cctsdb_yolo.onnx")).Proto;
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model));
        var removed = RandomRemoval.Draw(analysis, 1, 0.2);
        Assert.Contains(true, removed);
        using var original = new Session(model);
        using var masked = new Session(MaskInsertion.Apply(analysis, removed));
        using var unmasked = new Session(analysis.Model.Proto);
        using var slim = new Session(ChannelRemoval.Apply(analysis, removed));
        var random = new Random(0);
        float[] packed = [.. Enumerable.Range(0, 12296).Select(_ => (float)random.NextDouble())];
        for (var place = 0; place < Places; place++)
        {
            (packed[Place], packed[Place + 1]) = (place, (place * 5) % Places);
            (string, float[], long[]) input = (model.Graph.Input[0].Name, packed, [packed.Length]);
            Close(original.Run(input), unmasked.Run(input), $"folded at {place}");
            Close(masked.Run(input), slim.Run(input), $"cut at {place}");
        }
    }

    static void Close(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        var largest = Math.Max(1, expected.Max(Math.Abs));
        for (var i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-4 * largest, $"{what}: {expected[i]} became {actual[i]}.");
    }

    // x of 64 values; a part of it, as long as v of 8 values says, whose length is then used as a shape, a bound or a number.
    static ModelProto Network(Random random, out string what)
    {
        var b = new GraphBuilder(random.Next()) { Batch = 1 };
        var all = b.Reshape(b.Input("x", 64), 64);
        var places = b.Reshape(b.Input("v", 8), 8);
        var one = b.Integers("one", 1);
        string Number(double most)
        {
            var some = b.Gather(places, 0, random.Next(8));
            return b.Op("Cast", [b.Mul(some, b.Floats($"most{random.Next()}", [1], (float)most))], [1], configure: n => n.Set("to", (long)DataType.Int64));
        }
        string Scalar(string name, long value) => b.Op("Squeeze", [b.Integers(name, value)], []);
        string Positive(double most) => b.Op("Add", [Number(most), one], [1]);
        (string Tensor, string Kind) Part() => random.Next(6) switch
        {
            0 => (b.Op("Slice", [all, Number(30), b.Integers("end", 40)], [0]), "Slice from"),
            1 => (b.Op("Slice", [all, b.Integers("start", 1), b.Op("Add", [Number(40), b.Integers("two", 2)], [1])], [0]), "Slice to"),
            2 => (b.Op("Compress", [all, b.Op("Greater", [all, b.Gather(places, 0, 1)], [64])], [0], configure: n => n.Set("axis", 0L)), "Compress"),
            3 => (Float(b.Op("Reshape", [b.Op("NonZero", [Float(b.Op("Greater", [all, b.Gather(places, 0, 2)], [64]))], [1, 0]), b.Integers("flat", -1)], [0])), "NonZero"),
            4 => (Float(b.Op("Range", [Scalar("zero", 0), b.Op("Squeeze", [Positive(12)], []), Scalar("step", 1)], [0])), "Range"),
            _ => (b.Op("TopK", [all, Positive(9)], [0], configure: n => n.Output.Add("places_of_largest")), "TopK"),
        };
        string Float(string tensor) => b.Op("Cast", [tensor], b.Shape(tensor), configure: n => n.Set("to", (long)DataType.Float));
        var (part, kind) = Part();
        if (random.Next(2) == 0) part = b.Unary("Sqrt", b.Unary("Abs", part));
        if (random.Next(3) == 0) part = b.Op("Concat", [part, b.Floats("more", [2], 1, 2)], [0], configure: n => n.Set("axis", 0L));
        var size = b.Op("Shape", [part], [1]);
        var (used, way) = random.Next(6) switch
        {
            0 => (b.Op("ConstantOfShape", [size], [0], configure: Fill), "ConstantOfShape"),
            1 => (b.Mul(part, b.Op("Expand", [b.Floats("two_", [1], 2), size], [0])), "Expand"),
            2 => (b.Op("Reshape", [part, b.Op("Concat", [size, one], [2], configure: n => n.Set("axis", 0L))], [0, 1]), "Reshape"),
            3 => (b.Op("Slice", [all, b.Integers("from", 0), size], [0]), "Slice"),
            4 => (b.Op("Tile", [b.Floats("five", [2], 5, 6), size], [0]), "Tile"),
            _ => (b.Mul(b.Op("ReduceSum", [all], []), b.Unary("Sqrt", Float(size))), "a number"),
        };
        what = $"{kind} as {way}";
        return b.Build(b.Reshape(b.Op("ReduceSum", [used], [], configure: n => n.Set("keepdims", 0L)), 1, 1));
    }

    static void Fill(NodeProto node) =>
        node.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = TensorData.FromFloats("value", [1], [3]) });

    sealed class Session(ModelProto model) : IDisposable
    {
        readonly ModelSession _session = OrtRuntime.CreateSession(model);

        public float[] Run(params (string Name, float[] Values, long[] Shape)[] inputs)
        {
            using var options = new RunOptions();
            OrtValue[] values = [.. inputs.Select(i => OrtValue.CreateTensorValueFromMemory(i.Values, i.Shape))];
            using var results = _session.Run(options, [.. inputs.Select(i => i.Name)], values, [model.Graph.Output[0].Name]);
            foreach (var value in values) value.Dispose();
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }

        public void Dispose() => _session.Dispose();
    }
}
