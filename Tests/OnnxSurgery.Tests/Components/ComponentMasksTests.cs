using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Masks as inputs, masks in the weights, and their gradients: the same ablations in three ways.</summary>
public class ComponentMasksTests
{
    const int Examples = 3;
    const ComponentKinds All = ComponentKinds.Filters | ComponentKinds.Units | ComponentKinds.Heads;

    public static TheoryData<string, AblationKind> Cases => new MatrixTheoryData<string, AblationKind>(
        ["convolutions", "separate", "op-heads", "op-packed"], [AblationKind.ZeroWeight, AblationKind.Zero, AblationKind.Mean]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_mask_of_ones_changes_nothing_and_zeros_ablate_as_in_the_weights(string form, AblationKind kind)
    {
        var (model, components, constants) = Prepare(form, kind);
        var masked = ComponentMasks.Insert(model, components, constants, shared: true);
        ModelValidator.Check(masked);
        var telling = 0;
        for (var seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed);
            bool[] ablated = [.. Enumerable.Range(0, components.Count).Select(_ => seed > 0 && random.NextDouble() < 0.3)];
            var inWeights = ComponentAblation.Apply(model, components, constants, ablated);
            ModelValidator.Check(inWeights);
            var expected = Run(inWeights);
            AssertClose(expected, Run(masked, Array.ConvertAll(ablated, a => a ? 0f : 1f), 1));
            if (seed == 0) AssertClose(Run(model.Proto), expected);
            else if (Difference(Run(model.Proto), expected) > 1e-3) telling++;
        }
        Assert.True(telling >= 4, $"only {telling} of 5 ablations changed what the model returns");
    }

    [Theory]
    [InlineData(AblationKind.ZeroWeight)]
    [InlineData(AblationKind.Mean)]
    public void Channels_of_a_residual_stream_are_masked_at_the_sum(AblationKind kind)
    {
        var (model, components, constants) = Prepare(Branches(5, 6), kind, ComponentKinds.Channels | ComponentKinds.Filters);
        var stream = Assert.Single(components.Layers, l => l.Kind == ComponentKinds.Channels);
        Assert.Equal((5, 1), (stream.Count, stream.Axis));
        Assert.EndsWith("/channel 4", components.Name(components.First(components.Layers.ToList().IndexOf(stream)) + 4), StringComparison.Ordinal);
        var random = new Random(6);
        float[] mask = [.. Enumerable.Range(0, components.Count).Select(_ => (float)Math.Clamp(random.NextDouble() * 2 - 0.5, 0, 1))];
        AssertClose(Run(ComponentMasks.Insert(model, components, constants, shared: true), mask, 1), Run(ComponentAblation.Apply(model, components, constants, mask)));
        Assert.Null(MaskConvolutions.Insert(model, components, constants, "scores", Examples));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Components_ablated_in_part_are_the_same_as_masks_and_in_the_weights(string form, AblationKind kind)
    {
        var (model, components, constants) = Prepare(form, kind);
        var random = new Random(4);
        float[] mask = [.. Enumerable.Range(0, components.Count).Select(_ => (float)Math.Clamp(random.NextDouble() * 2 - 0.5, 0, 1))];
        var inWeights = ComponentAblation.Apply(model, components, constants, mask);
        ModelValidator.Check(inWeights);
        var expected = Run(ComponentMasks.Insert(model, components, constants, shared: true), mask, 1);
        AssertClose(expected, Run(inWeights));
        Assert.True(Difference(Run(model.Proto), expected) > 1e-3);
    }

    [Fact]
    public void Every_example_can_have_a_mask_of_its_own()
    {
        var (model, components, constants) = Prepare("convolutions", AblationKind.ZeroWeight);
        var random = new Random(1);
        float[] masks = [.. Enumerable.Range(0, Examples * components.Count).Select(_ => random.NextDouble() < 0.3 ? 0f : 1f)];
        var own = Run(ComponentMasks.Insert(model, components, constants, shared: false), masks, Examples);
        var shared = ComponentMasks.Insert(model, components, constants, shared: true);
        for (var e = 0; e < Examples; e++)
        {
            var same = Run(shared, masks[(e * components.Count)..((e + 1) * components.Count)], 1);
            var classes = own.Length / Examples;
            AssertClose(same[(e * classes)..((e + 1) * classes)], own[(e * classes)..((e + 1) * classes)]);
        }
    }

    // Widths that fill the blocks of the runtime's own layout, and widths that do not.
    [Theory]
    [InlineData(16, 32, AblationKind.ZeroWeight)]
    [InlineData(16, 32, AblationKind.Mean)]
    [InlineData(5, 6, AblationKind.ZeroWeight)]
    [InlineData(24, 7, AblationKind.Mean)]
    public void Masks_as_convolutions_give_what_masks_as_products_give(int first, int second, AblationKind kind)
    {
        var (model, components, constants) = Prepare(Branches(first, second), kind, ComponentKinds.Filters);
        var output = model.Proto.Graph.Output[0].Name;
        var fast = MaskConvolutions.Insert(model, components, constants, output, Examples)!;
        Assert.Equal(components.Layers.Count, fast.Graph.Node.Count(n => n.OpType is "Conv" or "FusedConv" && n.Int("group", 1) > 1));
        var slow = ComponentMasks.Insert(model, components, constants, shared: false);
        for (var seed = 0; seed < 3; seed++)
        {
            var random = new Random(seed);
            float[] masks = [.. Enumerable.Range(0, Examples * components.Count).Select(_ => random.NextDouble() < 0.3 ? 0f : 1f)];
            AssertClose(Run(slow, masks, Examples), Run(fast, masks, Examples, output));
        }
    }

    [Theory]
    [InlineData("resnet20_cifar10_bn.onnx")]
    [InlineData("vgg10_cifar10.onnx")]
    [InlineData("zoo/cifar10_resnet_4b.onnx")]
    [InlineData("zoo/light_densenet121.onnx")]
    public void Masks_as_convolutions_are_masks_as_products_of_real_networks_too(string name)
    {
        var proto = OnnxModel.Load(SharedData.Model(name)).Proto.Clone();
        // Some were exported for one image at a time, which nothing in these insists on.
        new GraphIndex(proto.Graph).Inputs[0].Type.TensorType.Shape.Dim[0] = new TensorShapeProto.Types.Dimension { DimParam = "N" };
        proto.Graph.ValueInfo.Clear();
        foreach (var o in proto.Graph.Output) o.Type.TensorType.Shape = null;
        var (model, components, constants) = Prepare(proto, AblationKind.ZeroWeight, ComponentKinds.Filters);
        var output = proto.Graph.Output[0].Name;
        var fast = MaskConvolutions.Insert(model, components, constants, output, Examples);
        Assert.NotNull(fast);
        var random = new Random(0);
        float[] masks = [.. Enumerable.Range(0, Examples * components.Count).Select(_ => random.NextDouble() < 0.05 ? 0f : 1f)];
        AssertClose(Run(ComponentMasks.Insert(model, components, constants, shared: false), masks, Examples), Run(fast, masks, Examples, output));
    }

    [Theory]
    [InlineData("convolutions")]
    [InlineData("op-heads")]
    public void Masks_of_other_components_than_filters_are_no_convolutions(string form)
    {
        var (model, components, constants) = Prepare(form, AblationKind.ZeroWeight);
        Assert.Null(MaskConvolutions.Insert(model, components, constants, model.Proto.Graph.Output[0].Name, Examples));
    }

    [Theory]
    [InlineData(AnswerKind.Margin)]
    [InlineData(AnswerKind.LogOdds)]
    [InlineData(AnswerKind.Logit)]
    [InlineData(AnswerKind.Loss)]
    public void Gradients_of_answers_with_respect_to_masks_are_central_differences(AnswerKind answer)
    {
        var (model, components, constants) = Prepare("convolutions", AblationKind.ZeroWeight);
        var prepared = DifferentiableModel.Prepare(ComponentMasks.Insert(model, components, constants, shared: false), Examples);
        var answers = Losses.AddAnswer(prepared, "scores", answer);
        var graph = prepared.Build([answers, prepared.AddGradients(answers, [ComponentMasks.Input])[ComponentMasks.Input]]);
        var random = new Random(2);
        float[] masks = [.. Enumerable.Range(0, Examples * components.Count).Select(_ => (float)random.NextDouble())];
        var targets = new float[Examples * 5];
        for (var e = 0; e < Examples; e++) targets[e * 5 + e] = 1;
        var gradient = RunGraph(graph, masks, targets)[1];
        var checks = 0;
        for (var j = 0; j < components.Count; j += 3)
        {
            float[] Moved(float by) => [.. masks.Select((m, i) => i % components.Count == j ? m + by : m)];
            const float Step = 2e-3f;
            var (up, down) = (RunGraph(graph, Moved(Step), targets)[0], RunGraph(graph, Moved(-Step), targets)[0]);
            for (var e = 0; e < Examples; e++)
            {
                var difference = (up[e] - down[e]) / (2 * Step);
                var own = gradient[e * components.Count + j];
                // A rectifier's kink within the step spoils a difference now and then.
                if (Math.Abs(own - difference) <= 0.02 * Math.Max(1, Math.Abs(difference))) checks++;
            }
        }
        Assert.True(checks >= 0.95 * Examples * ((components.Count + 2) / 3), $"only {checks} gradients agree");
    }

    [Fact]
    public void Folding_a_normalisation_into_its_convolution_changes_no_ablation()
    {
        // gamma 1.3, beta 0.2, mean 0.7, deviation 0.9: an ablated filter is beta - gamma mean / deviation.
        var b = new GraphBuilder(4);
        var x = b.Conv(b.Input("x", 3, 6, 6), 4, pads: 1, bias: false, name: "conv1");
        string[] norm = [x, b.Floats32("gamma", 1.3f, 1, 1, 1), b.Floats32("beta", 0.2f, 0, 0, 0), b.Floats32("mean", 0.7f, 0, 0, 0), b.Floats32("var", 0.81f, 1, 1, 1)];
        var y = b.Op("BatchNormalization", norm, [1, 4, 6, 6], "norm", n => n.Set("epsilon", 0f));
        var open = b.Build(y);
        var model = NormalisedModel.Create(open);
        var components = ComponentSearch.Find(model, [], ComponentKinds.Filters);
        bool[] first = [true, false, false, false];
        var values = Run(ComponentAblation.Apply(model, components, ComponentConstants.Of(model, components, AblationKind.ZeroWeight), first), output: "norm");
        Assert.All(values[..36], v => Assert.Equal(-0.811111, v, 1e-5));
        var zero = Run(ComponentAblation.Apply(model, components, ComponentConstants.Of(model, components, AblationKind.Zero), first), output: "norm");
        Assert.All(zero[..36], v => Assert.Equal(0, v, 1e-6));
    }

    [Fact]
    public void Names_are_those_of_the_layers_and_shortcuts_and_the_classifier_are_left_out()
    {
        var b = new GraphBuilder(4);
        var x = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 4, pads: 1, name: "/conv1/Conv"));
        var y = b.Relu(b.Conv(x, 6, pads: 1, name: "/layer1/layer1.0/conv1/Conv"));
        y = b.Conv(y, 6, pads: 1, name: "/layer1/layer1.0/conv2/Conv");
        x = b.Relu(b.Add(y, b.Conv(x, 6, kernel: 1, name: "/layer1/layer1.0/downsample/downsample.0/Conv")));
        var model = NormalisedModel.Create(b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(x)), 5, name: "scores")));
        var components = ComponentSearch.Find(model, ["scores"], All);
        Assert.Equal(["conv1", "layer1.0.conv1", "layer1.0.conv2"], components.Layers.Select(l => l.Name));
        Assert.Equal(16, components.Count);
        Assert.Equal("layer1.0.conv1/filter 5", components.Name(9));
        Assert.Equal(["conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.0.downsample.0"], ComponentSearch.Find(model, ["scores"], All, shortcuts: true).Layers.Select(l => l.Name));
        Assert.Contains("heads", Assert.Throws<OnnxSurgeryException>(() => ComponentSearch.Find(model, ["scores"], ComponentKinds.Heads)).Message, StringComparison.Ordinal);
    }

    static (NormalisedModel, ComponentMap, ComponentConstants) Prepare(string form, AblationKind kind)
    {
        var prepared = Prepare(form == "convolutions" ? Convolutions() : AttentionRuleTests.Build(form), kind, All);
        Assert.True(form == "convolutions" || prepared.Components.Layers.Any(l => l.Kind == ComponentKinds.Heads));
        return prepared;
    }

    static (NormalisedModel Model, ComponentMap Components, ComponentConstants Constants) Prepare(ModelProto proto, AblationKind kind, ComponentKinds kinds)
    {
        var model = NormalisedModel.Create(proto);
        var components = ComponentSearch.Find(model, [model.Proto.Graph.Output[0].Name], kinds);
        var random = new Random(3);
        var constants = kind == AblationKind.Mean
            ? ComponentConstants.Means([.. components.Layers.Select(l => Enumerable.Range(0, l.Count * l.Width).Select(_ => (float)random.NextDouble() - 0.5f).ToArray())])
            : ComponentConstants.Of(model, components, kind);
        return (model, components, constants);
    }

    static ModelProto Convolutions()
    {
        var b = new GraphBuilder(1);
        var x = b.Relu(b.Conv(b.Input("x", 3, 8, 8), 4, pads: 1));
        x = b.Relu(b.BatchNorm(b.Conv(x, 6, bias: false)));
        x = b.Relu(b.ConvTranspose(x, 4, group: 2));
        x = b.Relu(b.Conv(x, 4, stride: 3, group: 2));
        x = b.Relu(b.Gemm(b.Flatten(x), 6));
        x = b.Relu(b.Gemm(x, 7, transB: false, bias: false));
        x = b.Relu(b.Add(b.MatMul(x, 6), b.Weight("bias", [6], 8)));
        return b.Build(b.Gemm(x, 5, name: "scores"));
    }

    // A residual block behind a stem, the sum before the rectifier, and a rectifier that two read.
    static ModelProto Branches(int first, int second)
    {
        var b = new GraphBuilder(5);
        var x = b.Relu(b.Conv(b.Input("x", 3, 8, 8), first, pads: 1));
        var y = b.Relu(b.BatchNorm(b.Conv(x, second, pads: 1, bias: false)));
        x = b.Relu(b.Add(b.BatchNorm(b.Conv(y, first, pads: 1)), x));
        x = b.Relu(b.Conv(x, second, stride: 2, pads: 1));
        return b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(x)), 5, name: "scores"));
    }

    static float[] Run(ModelProto model, float[]? mask = null, int rows = 0, string? output = null)
    {
        using var session = OrtRuntime.CreateSession(model);
        using var options = new RunOptions();
        var inputs = new GraphIndex(model.Graph).Inputs.Where(i => i.Name != ComponentMasks.Input).ToArray();
        List<OrtValue> values = [.. inputs.Select(Noise)];
        List<string> names = [.. inputs.Select(i => i.Name)];
        if (mask is not null)
        {
            names.Add(ComponentMasks.Input);
            values.Add(OrtValue.CreateTensorValueFromMemory(mask, [rows, mask.Length / rows]));
        }
        try
        {
            using var results = session.Run(options, names, values, [output ?? model.Graph.Output[0].Name]);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }

    static OrtValue Noise(ValueInfoProto input)
    {
        var shape = new InputShapes([input]).At(input, Examples);
        var random = new Random(7);
        return OrtValue.CreateTensorValueFromMemory([.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, c) => a * c)).Select(_ => (float)random.NextDouble() - 0.5f)], shape);
    }

    static float[][] RunGraph(ModelProto graph, float[] masks, float[] targets)
    {
        using var session = OrtRuntime.CreateSession(graph);
        using var options = new RunOptions();
        using var x = Noise(graph.Graph.Input.Single(i => i.Name == "x"));
        using var mask = OrtValue.CreateTensorValueFromMemory(masks, [Examples, masks.Length / Examples]);
        using var target = OrtValue.CreateTensorValueFromMemory(targets, [Examples, 5]);
        using var results = session.Run(options, ["x", ComponentMasks.Input, "targets"], [x, mask, target], [.. graph.Graph.Output.Select(o => o.Name)]);
        return [.. results.Select(r => r.GetTensorDataAsSpan<float>().ToArray())];
    }

    static void AssertClose(float[] expected, float[] actual) => Assert.True(Difference(expected, actual) <= 1e-4, $"differs by {Difference(expected, actual):g3}");

    static double Difference(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max() / Math.Max(1, a.Max(Math.Abs));
}
