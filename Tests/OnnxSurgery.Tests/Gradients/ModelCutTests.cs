using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class ModelCutTests
{
    public static TheoryData<string> RealModels => MaskEquivalenceTests.RealModels;

    [Theory]
    [MemberData(nameof(RealModels))]
    public void Trunk_and_head_of_real_models_compose_to_the_model(string name)
    {
        var proto = OnnxModel.Load(SharedData.Model(name)).Proto;
        var shapes = RobustnessTests.InputShapes(proto);
        var model = NormalisedModel.Create(proto, shapes);
        var expected = Run(model.Proto, Inputs(model.Proto, shapes));
        // A third and two thirds through, wherever that is: also beside shortcuts and in the middle of branches.
        var tensors = model.Proto.Graph.Node.Select(n => n.Output[0]).ToArray();
        var cut = 0;
        foreach (var at in tensors.Length < 3 ? tensors : [tensors[tensors.Length / 3], tensors[2 * tensors.Length / 3]])
        {
            CutParts parts;
            try
            {
                parts = ModelCut.Cut(model, at);
            }
            catch (OnnxSurgeryException e) when (e.Message.Contains("Nothing that the model returns", StringComparison.Ordinal))
            {
                continue;
            }
            ModelValidator.Check(parts.Trunk);
            ModelValidator.Check(parts.Suffix);
            Assert.Contains(at, parts.Crossing);
            AssertComposes($"{name} cut at {at}", parts, model, shapes, expected);
            cut++;
        }
        if (cut == 0) Assert.Skip($"Nothing in {name} lies behind a cut.");
    }

    [Fact]
    public void A_cut_beside_a_shortcut_hands_the_shortcut_over_too()
    {
        var b = new GraphBuilder(1);
        var x = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 4, pads: 1), "stem");
        var y = b.Relu(b.Conv(x, 4, pads: 1, name: "inner"), "branch");
        var model = NormalisedModel.Create(b.Build(b.Gemm(b.Flatten(b.Add(x, b.Conv(y, 4, pads: 1))), 5, name: "scores")));
        var parts = ModelCut.Cut(model, "branch");
        Assert.Equal(["branch", "stem"], parts.Crossing.Order());
        Assert.Equal(["branch", "stem"], parts.Trunk.Graph.Output.Select(o => o.Name).Order());
        Assert.DoesNotContain(parts.Suffix.Graph.Node, n => n.Name == "inner");
        Assert.Equal(["x", "stem", "scores"], ModelCut.CutsBefore(model.Proto.Graph, "scores").Where(c => c is "x" or "stem" or "branch" or "scores"));
    }

    [Fact]
    public void Weights_of_the_head_can_be_inputs()
    {
        var b = new GraphBuilder(1);
        var features = b.Flatten(b.GlobalAveragePool(b.Conv(b.Input("x", 3, 6, 6), 4)), "features");
        var model = NormalisedModel.Create(b.Build(b.Gemm(features, 5, name: "scores")));
        var head = ModelCut.Cut(model, "features").Suffix;
        var before = Run(head, new() { ["features"] = ([1, 2, 3, 4], [1, 4]) })["scores"].Values;
        var names = WeightInputs.Trainable(head.Graph);
        var values = WeightInputs.Expose(head.Graph, names);
        Assert.Equal(["scores.weight", "scores.bias"], names);
        Assert.Empty(head.Graph.Initializer);
        var inputs = new Dictionary<string, (float[], long[])> { ["features"] = ([1, 2, 3, 4], [1, 4]) };
        foreach (var v in values) inputs[v.Name] = (TensorData.Floats(v), [.. v.Dims]);
        Assert.Equal(before, Run(head, inputs)["scores"].Values);
    }

    [Theory]
    [InlineData("nowhere", "no tensor or node 'nowhere'")]
    [InlineData("scores", "Nothing that the model returns")]
    [InlineData("x", "would be the whole model")]
    public void Impossible_cuts_are_refused(string at, string reason)
    {
        var b = new GraphBuilder(1);
        var model = NormalisedModel.Create(b.Build(b.Gemm(b.Input("x", 3), 5, name: "scores")));
        Assert.Contains(reason, Assert.Throws<OnnxSurgeryException>(() => ModelCut.Cut(model, at)).Message);
    }

    static void AssertComposes(string what, CutParts parts, NormalisedModel model, IReadOnlyDictionary<string, long[]> shapes, Dictionary<string, (float[] Values, long[] Shape)> expected)
    {
        var inputs = Inputs(model.Proto, shapes);
        var between = Run(parts.Trunk, Only(parts.Trunk, inputs));
        foreach (var (name, value) in inputs) between.TryAdd(name, value);
        var actual = Run(parts.Suffix, Only(parts.Suffix, between));
        foreach (var (name, (values, shape)) in expected)
        {
            var (other, otherShape) = actual.TryGetValue(name, out var found) ? found : between[name];
            Assert.Equal(shape, otherShape);
            var largest = values.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty(1).Max();
            for (var i = 0; i < values.Length; i++)
                Assert.True(values[i].Equals(other[i]) || Math.Abs(values[i] - other[i]) <= 1e-5 * Math.Max(1, largest), $"{what}: '{name}' is {other[i]} instead of {values[i]}");
        }
    }

    static Dictionary<string, (float[] Values, long[] Shape)> Only(ModelProto model, Dictionary<string, (float[] Values, long[] Shape)> values) =>
        new GraphIndex(model.Graph).Inputs.ToDictionary(i => i.Name, i => values[i.Name]);

    static Dictionary<string, (float[] Values, long[] Shape)> Inputs(ModelProto model, IReadOnlyDictionary<string, long[]> shapes) =>
        new GraphIndex(model.Graph).Inputs.ToDictionary(i => i.Name, i =>
        {
            var at = new InputShapes([i], shapes);
            using var probe = at.Probe(i, at.HasOpenBatch ? 3 : 1);
            return ModelRunner.Values(probe);
        });

    static Dictionary<string, (float[] Values, long[] Shape)> Run(ModelProto model, Dictionary<string, (float[] Values, long[] Shape)> inputs)
    {
        using var session = OrtRuntime.CreateSession(model, optimise: false);
        var types = new GraphIndex(model.Graph).Inputs.ToDictionary(i => i.Name, i => (Microsoft.ML.OnnxRuntime.Tensors.TensorElementType)i.Type.TensorType.ElemType);
        var values = inputs.Select(i => OrtTensors.FromFloats(i.Value.Values, i.Value.Shape, types[i.Key])).ToArray();
        try
        {
            using var options = new RunOptions();
            string[] outputs = [.. model.Graph.Output.Select(o => o.Name)];
            using var results = session.Run(options, [.. inputs.Keys], values, outputs);
            return outputs.Select((o, i) => (o, ModelRunner.Values(results[i]))).ToDictionary();
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }
}
