using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;
using Values = System.Collections.Generic.Dictionary<string, (float[] Values, long[] Shape)>;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Parts of random graphs whose nodes make several tensors, cut out between any tensors.</summary>
public class SubgraphExtractionTests
{
    const int Rows = 6, Width = 8;

    [Fact]
    public void A_part_between_any_tensors_makes_what_the_whole_graph_makes()
    {
        var shared = 0;
        for (var seed = 0; seed < 60; seed++)
        {
            var model = Draw(seed);
            var trace = ShapeTrace.Run(model);
            var all = All(model);
            var random = new Random(seed);
            var names = model.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0).ToArray();
            for (var trial = 0; trial < 4; trial++)
            {
                string[] given = ["x", .. names.Where(_ => random.Next(3) == 0)];
                string[] wanted = [.. names.Where(n => !given.Contains(n) && random.Next(3) == 0).Append("end").Distinct()];
                var part = SubgraphExtraction.Between(model, trace, given, wanted);
                var makers = part.Graph.Node.SelectMany(n => n.Output).Concat(part.Graph.Input.Select(i => i.Name)).Where(o => o.Length > 0).ToArray();
                Assert.Equal(makers.Distinct().Count(), makers.Length);
                var found = Run(part, all);
                foreach (var name in wanted) AssertSame(all[name], found[name], $"seed {seed}, {name}");
                shared += part.Graph.Input.Count(i => model.Graph.Node.Any(n => n.Output.Contains(i.Name) && n.Output.Any(o => o.Length > 0 && part.Graph.Node.Any(p => p.Output.Contains(o)))));
            }
        }
        Assert.True(shared > 20, $"only {shared} times a node was needed beside what it makes that was given");
    }

    [Fact]
    public void Halves_of_random_graphs_compose()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var model = NormalisedModel.Create(Draw(seed));
            var all = All(model.Proto);
            foreach (var at in model.Proto.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0 && o != "end"))
            {
                CutParts parts;
                try
                {
                    parts = ModelCut.Cut(model, at);
                }
                catch (OnnxEdit.Surgery.OnnxSurgeryException e) when (e.Message.Contains("Nothing that the model returns", StringComparison.Ordinal))
                {
                    continue;
                }
                var between = Run(parts.Trunk, all);
                between["x"] = all["x"];
                AssertSame(all["end"], Run(parts.Suffix, between)["end"], $"seed {seed}, cut at {at}");
            }
        }
    }

    [Fact]
    public void That_a_part_of_ours_is_refused_is_not_blamed_on_the_model()
    {
        var b = new GraphBuilder(1);
        var model = b.Build(b.Relu(b.Input("x", 3), "end"));
        var part = SubgraphExtraction.Between(model, ShapeTrace.Run(model), ["x"], ["end"]);
        part.Graph.Node[0].OpType = "NoSuchOperator";
        Assert.Contains("fault of onnxedit", Assert.Throws<InvalidOperationException>(() => OrtRuntime.CreateSession(part)).Message, StringComparison.Ordinal);
    }

    // Tensors [N, rows, width], by nodes that make one, two or three of them at once.
    static ModelProto Draw(int seed)
    {
        var random = new Random(seed);
        var b = new GraphBuilder(seed);
        List<string> made = [b.Input("x", Rows, Width)];
        string Any() => made[random.Next(made.Count)];
        for (var i = 0; i < 7; i++)
            switch (random.Next(4))
            {
                case 0:
                    var halves = b.Split(Any(), 1, 2);
                    made.Add(b.Concat(1, halves[1], b.Relu(halves[0])));
                    if (random.Next(2) == 0) made.Add(b.Concat(1, halves[0], halves[0]));
                    break;
                case 1:
                    b.Several("TopK", [Any(), b.Integers($"k{i}", Width)], [$"top{i}", $"places{i}"], [[1, Rows, Width], [1, Rows, Width]]);
                    made.Add($"top{i}");
                    made.Add(b.Op("Cast", [$"places{i}"], [1, Rows, Width], null, n => n.Set("to", 1L)));
                    break;
                case 2:
                    string[] inputs = [b.Transpose(Any(), 1, 0, 2), b.Weight($"w{i}", [1, 4 * Width, Width], Width), b.Weight($"r{i}", [1, 4 * Width, Width], Width)];
                    b.Several("LSTM", inputs, [$"y{i}", $"h{i}", $"c{i}"], [[Rows, 1, 1, Width], [1, 1, Width], [1, 1, Width]], n => n.Set("hidden_size", Width));
                    made.Add(b.Transpose(b.Squeeze($"y{i}", 1), 1, 0, 2));
                    made.Add(b.Add(Any(), b.Transpose($"h{i}", 1, 0, 2)));
                    made.Add(b.Add(Any(), b.Transpose($"c{i}", 1, 0, 2)));
                    break;
                default:
                    made.Add(b.Add(Any(), b.MatMul(Any(), Width)));
                    break;
            }
        return b.Build(b.Op("Sum", [.. made.TakeLast(4)], [1, Rows, Width], "end"));
    }

    static Values All(ModelProto model)
    {
        var exposed = model.Clone();
        exposed.Graph.Output.Clear();
        foreach (var name in exposed.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0)) exposed.Graph.Output.Add(new ValueInfoProto { Name = name });
        using var probe = new InputShapes(model.Graph.Input).Probe(model.Graph.Input[0], 3);
        var x = ModelRunner.Values(probe);
        var all = Run(exposed, new() { ["x"] = x });
        all["x"] = x;
        return all;
    }

    static Values Run(ModelProto model, Values known)
    {
        using var session = OrtRuntime.CreateSession(model, optimise: false);
        var inputs = new GraphIndex(model.Graph).Inputs;
        var values = inputs.Select(i => OrtTensors.FromFloats(known[i.Name].Values, known[i.Name].Shape, (Microsoft.ML.OnnxRuntime.Tensors.TensorElementType)i.Type.TensorType.ElemType)).ToArray();
        try
        {
            using var options = new RunOptions();
            string[] outputs = [.. model.Graph.Output.Select(o => o.Name)];
            using var results = session.Run(options, [.. inputs.Select(i => i.Name)], values, outputs);
            return outputs.Select((o, i) => (o, ModelRunner.Values(results[i]))).ToDictionary();
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }

    static void AssertSame((float[] Values, long[] Shape) expected, (float[] Values, long[] Shape) found, string what)
    {
        Assert.Equal(expected.Shape, found.Shape);
        for (var i = 0; i < expected.Values.Length; i++)
            Assert.True(Math.Abs(expected.Values[i] - found.Values[i]) <= 1e-5 * Math.Max(1, Math.Abs(expected.Values[i])), $"{what}: {found.Values[i]} instead of {expected.Values[i]}");
    }
}
