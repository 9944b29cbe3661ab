using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tests;

public sealed class LanguageModelTests
{
    const int Words = 4, Width = 6, Length = 5;
    static readonly float[] _embedding = Numbers(1, Words * Width);
    static readonly float[] _inner = Numbers(2, Width * Width);
    static readonly float[] _outer = Numbers(3, Width * Words);

    static float[] Numbers(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(2 * random.NextDouble() - 1))];
    }

    // scores = relu(embedding[ids] inner) outer: what comes next depends on the last word only.
    static OnnxModel Model()
    {
        var graph = new GraphProto { Name = "words" };
        graph.Input.Add(Value("ids", DataType.Int64));
        graph.Initializer.Add(TensorData.FromFloats("embedding", [Words, Width], _embedding));
        graph.Initializer.Add(TensorData.FromFloats("inner.weight", [Width, Width], _inner));
        graph.Initializer.Add(TensorData.FromFloats("outer.weight", [Width, Words], _outer));
        void Add(string op, string name, string output, params string[] inputs)
        {
            var node = new NodeProto { OpType = op, Name = name };
            node.Input.AddRange(inputs);
            node.Output.Add(output);
            graph.Node.Add(node);
        }
        Add("Gather", "embed", "x", "embedding", "ids");
        Add("MatMul", "inner", "h", "x", "inner.weight");
        Add("Relu", "active", "a", "h");
        Add("MatMul", "outer", "scores", "a", "outer.weight");
        graph.Output.Add(Value("scores", DataType.Float, Words));
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return new OnnxModel(model);
    }

    static ValueInfoProto Value(string name, DataType type, params long[] more)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "texts" });
        tensor.Shape.Dim.AddRange(more.Prepend(Length).Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    // The mean margin without some of the inner units.
    static double Margin(float[] text, params int[] without)
    {
        var sum = 0.0;
        for (var p = 0; p + 1 < Length; p++)
        {
            var scores = new double[Words];
            for (var u = 0; u < Width; u++)
            {
                if (without.Contains(u)) continue;
                var h = 0.0;
                for (var i = 0; i < Width; i++) h += _embedding[(int)text[p] * Width + i] * _inner[i * Width + u];
                for (var w = 0; w < Words; w++) scores[w] += Math.Max(0, h) * _outer[u * Words + w];
            }
            var next = (int)text[p + 1];
            sum += scores[next] - scores.Where((_, w) => w != next).Max();
        }
        return sum / (Length - 1);
    }

    static readonly float[][] _texts = [[0, 1, 2, 3, 0], [3, 3, 1, 0, 2], [2, 0, 0, 1, 1]];

    static Attributions Attribute(string method, int budget = 10)
    {
        var options = new AttributionOptions { Components = ComponentKinds.Neurons, Method = method, Budget = budget, Alpha = 0.2 };
        using var session = AttributionSession.Open(Model(), new StoredItemSet([Length], _texts, [-1, -1, -1]), options);
        return session.Attribute();
    }

    [Fact]
    public void Leaving_neurons_out_changes_the_mean_margin_of_the_tokens()
    {
        var found = Attribute("loo");
        Assert.Equal(Width, found.Components.Count);
        for (var e = 0; e < _texts.Length; e++)
        {
            Assert.Equal(Margin(_texts[e]), found.Answers[e], 1e-5);
            for (var u = 0; u < Width; u++) Assert.Equal(Margin(_texts[e]) - Margin(_texts[e], u), found.Scores[e][u], 1e-5);
        }
    }

    [Fact]
    public void Mask_gradients_see_the_same_neurons()
    {
        var (exact, gradients) = (Attribute("loo"), Attribute("gradients", 900));
        for (var e = 0; e < _texts.Length; e++)
            Assert.Equal(Array.IndexOf(exact.Scores[e], exact.Scores[e].Max()), Array.IndexOf(gradients.Scores[e], gradients.Scores[e].Max()));
    }
}
