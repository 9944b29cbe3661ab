using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class AttributorTests : IDisposable
{
    static readonly ItemSet _images = SmallClassifier.Images(24);

    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // One convolution and two classes: the margin is linear in the filters, so that its true attributions are known.
    static OnnxModel Linear()
    {
        var b = new GraphBuilder(5);
        var x = b.Conv(b.Input("x", 3, 6, 6), 8, pads: 1, name: "conv");
        return new OnnxModel(b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(x)), 2, name: "scores")));
    }

    static ItemSet TwoClasses(ItemSet images) => new RelabelledItemSet(images, new Dictionary<int, int> { [0] = 0, [1] = 1, [2] = 0, [3] = 1 });

    static Attributions Attribute(OnnxModel model, ItemSet images, string method, int budget, AttributionOptions? options = null)
    {
        using var session = AttributionSession.Open(model, images, (options ?? new()) with { Method = method, Budget = budget, Batch = 7 });
        return session.Attribute();
    }

    [Theory]
    [InlineData("combined", 60)]
    [InlineData("gradients", 30)]
    [InlineData("ridge", 400)]
    [InlineData("ols", 100)]
    [InlineData("loo", 8)]
    [InlineData("ridge-around-loo", 40)]
    [InlineData("gradient-x-parameter", 3)]
    [InlineData("conductance", 30)]
    public void Of_a_linear_network_the_true_attributions_are_found(string method, int budget)
    {
        var (model, images) = (Linear(), TwoClasses(_images));
        var found = Attribute(model, images, method, budget, new() { Alpha = 0.25 });
        var truth = Truth(model, images);
        var tolerance = method == "ridge" ? 0.02 : 1e-3;
        var scale = truth.Max(row => row.Max(Math.Abs));
        for (var e = 0; e < images.Count; e++)
            for (var j = 0; j < 8; j++) Assert.Equal(truth[e][j], found.Scores[e][j], tolerance * scale);
        Assert.Equal(Enumerable.Range(0, images.Count).Select(images.Label), found.Labels);
        for (var e = 0; e < images.Count; e++) Assert.Equal(found.Answers[e], found.Predict(e, []), 20 * tolerance * scale);
    }

    // Behind the stem everything passes one tensor, and before the outer convolution two.
    [Theory]
    [InlineData("inner,outer", 2)]
    [InlineData("outer", 1)]
    [InlineData("stem,outer", 2)]
    public void Components_of_some_layers_have_the_effects_that_they_have_among_all(string layers, int count)
    {
        var model = SmallClassifier.Residual().Model;
        var all = Attribute(model, _images, "loo", 1);
        var options = new AttributionOptions { Layers = layers.Split(','), Alpha = 0.25 };
        var some = Attribute(model, _images, "loo", 1, options);
        Assert.Equal(count, some.Components.Select(c => c.Split('/')[0]).Distinct().Count());
        int[] places = [.. some.Components.Select(c => all.Components.ToList().IndexOf(c))];
        Assert.Equal(places.Order(), places);
        for (var e = 0; e < _images.Count; e++)
        {
            Assert.Equal(all.Answers[e], some.Answers[e], 1e-4);
            for (var j = 0; j < places.Length; j++) Assert.Equal(all.Scores[e][places[j]], some.Scores[e][j], 1e-4);
        }
        using var session = AttributionSession.Open(model, _images, options with { Method = "combined", Budget = 300, Batch = 7 }, cancellation: TestContext.Current.CancellationToken);
        var found = session.Evaluate([session.Attribute()], 0.25, 30)[0].Mean;
        Assert.True(found > 0.7, $"{found}");
        Assert.Contains("there are stem, inner, outer", Assert.Throws<OnnxSurgeryException>(() => Attribute(model, _images, "loo", 1, new() { Layers = ["nowhere"] })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(6, null, 24)]
    [InlineData(512, null, 4)]
    [InlineData(512, 2, 2)]
    public void Fewer_examples_run_at_once_where_their_activations_are_large(int size, int? batch, int expected)
    {
        var b = new GraphBuilder(5);
        var x = b.Relu(b.Conv(b.Input("x", 3, size, size), 16, pads: 1, name: "conv"));
        var model = new OnnxModel(b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(x)), 2, name: "scores")));
        // The same pixels again and again.
        var images = new StoredItemSet([3, size, size], [.. Enumerable.Repeat(new float[3 * size * size], 24)], new int[24]);
        using var session = AttributionSession.Open(model, images, new() { Batch = batch }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(expected, session.Work().Batch);
    }

    [Fact]
    public void Attributions_of_a_real_network_predict_ablations_and_more_of_them_better()
    {
        var model = SmallClassifier.Residual().Model;
        double Correlation(string method, int budget)
        {
            using var session = AttributionSession.Open(model, _images, new() { Method = method, Budget = budget, Batch = 8 });
            return session.Evaluate([session.Attribute()], 0.1, 40)[0].Mean;
        }
        var (few, many) = (Correlation("combined", 60), Correlation("combined", 600));
        Assert.True(many > 0.7, $"{many}");
        Assert.True(many > few - 0.02, $"{few}, {many}");
        Assert.True(many > Correlation("gradient-x-parameter", 3), "no better than one gradient");
    }

    [Theory]
    [InlineData(AblationKind.ZeroWeight)]
    [InlineData(AblationKind.Zero)]
    [InlineData(AblationKind.Mean)]
    public void The_same_seed_gives_the_same_file_and_the_file_gives_back_what_it_holds(AblationKind ablation)
    {
        var model = SmallClassifier.Residual().Model;
        var options = new AttributionOptions { Ablation = ablation };
        var (first, second) = (Attribute(model, _images, "combined", 60, options), Attribute(model, _images, "combined", 60, options));
        var (a, b) = (_folder["a.safetensors"], _folder["b.safetensors"]);
        first.Save(a, overwrite: false);
        second.Save(b, overwrite: false);
        Assert.Equal(File.ReadAllBytes(a), File.ReadAllBytes(b));
        var read = Attributions.Load(a);
        Assert.Equal(first.Components, read.Components);
        Assert.Equal(first.Scores, read.Scores);
        Assert.Equal(first.StandardErrors, read.StandardErrors);
        Assert.Equal(first.Labels, read.Labels);
        Assert.Equal(ablation, read.Options(model, null).Ablation);
        Assert.NotEqual(first.Scores, Attribute(model, _images, "combined", 60, options with { Seed = 1 }).Scores);
    }

    [Fact]
    public void Conductance_adds_up_to_all_that_the_components_do()
    {
        var model = SmallClassifier.Residual().Model;
        var found = Attribute(model, _images, "conductance", 1500);
        var without = AllAblated(model);
        for (var e = 0; e < _images.Count; e++) Assert.Equal(found.Answers[e] - without[e], found.Scores[e].Sum(), 0.02 * Math.Abs(found.Answers[e]) + 0.01);
    }

    [Theory]
    [InlineData("conductance")]
    [InlineData("internal-influence")]
    public void Gradients_on_the_straight_path_are_finite_differences(string method)
    {
        // A single pass stands at the middle.
        var model = SmallClassifier.Residual().Model;
        var found = Attribute(model, _images, method, 3, new() { Answer = AnswerKind.LogOdds });
        var (folded, signature) = (NormalisedModel.Create(model.Proto), ClassifierSignature.Of(model.Proto, null));
        var components = ComponentSearch.Find(folded, [signature.LogitsName], ComponentKinds.Filters);
        var proto = ComponentMasks.Insert(folded, components, ComponentConstants.Of(folded, components, AblationKind.ZeroWeight), shared: false, shifted: true);
        using var runner = new BatchRunner(proto);
        var (d, n, image) = (components.Count, _images.Count, new float[_images.Count * _images.ItemLength]);
        _images.Fill(0, n, image);
        double[] Answers(int component, float step)
        {
            var (mask, shift, answers) = (new float[n * d], new float[n * d], new double[n]);
            Array.Fill(mask, 0.5f);
            for (var e = 0; e < n; e++) (method == "conductance" ? mask : shift)[e * d + component] += step;
            BatchInput[] inputs = [.. runner.Inputs.Select(name => name == ComponentMasks.Input ? new BatchInput(mask, [n, d]) : name == ComponentMasks.Shift ? new BatchInput(shift, [n, d]) : new BatchInput(image, [n, 3, 6, 6]))];
            runner.Run(inputs, (_, logits, _) =>
            {
                for (var e = 0; e < n; e++) answers[e] = Engine.Tasks.Answers.Of(logits.Slice(e * SmallClassifier.Classes, SmallClassifier.Classes), _images.Label(e), AnswerKind.LogOdds);
            });
            return answers;
        }
        const float step = 1e-4f;
        var scale = found.Scores.Max(row => row.Max(Math.Abs));
        for (var j = 0; j < d; j++)
        {
            var (up, down) = (Answers(j, step), Answers(j, -step));
            for (var e = 0; e < n; e++) Assert.Equal((up[e] - down[e]) / (2 * step), found.Scores[e][j], 0.02 * scale);
        }
    }

    [Fact]
    public void Internal_influence_of_a_linear_network_is_the_difference_of_its_weights()
    {
        var (model, images) = (Linear(), TwoClasses(_images));
        var found = Attribute(model, images, "internal-influence", 9);
        var weights = model.Proto.Graph.Initializer.Single(t => t.Name == "scores.weight");
        var (values, byClass) = (TensorData.Floats(weights), weights.Dims[0] == 2);
        double Weight(int label, int j) => byClass ? values[label * 8 + j] : values[j * 2 + label];
        for (var e = 0; e < images.Count; e++)
            for (var j = 0; j < 8; j++) Assert.Equal(Weight(images.Label(e), j) - Weight(1 - images.Label(e), j), found.Scores[e][j], 1e-4);
    }

    [Fact]
    public void Random_scores_know_nothing()
    {
        using var session = AttributionSession.Open(SmallClassifier.Residual().Model, _images, new() { Method = "random", Batch = 8 }, cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(session.Evaluate([session.Attribute()], 0.1, 40)[0].Mean, -0.25, 0.25);
    }

    [Fact]
    public void Masks_in_sessions_of_their_own_give_what_masks_as_inputs_give()
    {
        // Above 127 examples each mask is folded into a session.
        var model = SmallClassifier.Residual().Model;
        var many = SmallClassifier.Images(130);
        var few = many.Select([.. Enumerable.Range(0, 20)]);
        var (a, b) = (Attribute(model, many, "loo", 1), Attribute(model, few, "loo", 1));
        for (var e = 0; e < 20; e++)
            for (var j = 0; j < a.Components.Count; j++) Assert.Equal(b.Scores[e][j], a.Scores[e][j], 1e-3);
    }

    [Fact]
    public void What_cannot_be_done_is_said()
    {
        var model = SmallClassifier.Residual().Model;
        Assert.Contains("give a budget of", Assert.Throws<OnnxEngineException>(() => Attribute(model, _images, "combined", 10)).Message, StringComparison.Ordinal);
        Assert.Contains("no label", Assert.Throws<OnnxEngineException>(() => Attribute(model, SmallClassifier.Images(5, isLabelled: false), "combined", 60)).Message, StringComparison.Ordinal);
        var path = _folder["cut.safetensors"];
        Attribute(model, _images, "gradient-x-parameter", 3).Save(path, overwrite: false);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^100]);
        Assert.Contains("ends too early", Assert.Throws<OnnxEngineException>(() => Attributions.Load(path)).Message, StringComparison.Ordinal);
        File.WriteAllText(path, "not at all");
        Assert.Throws<OnnxEngineException>(() => Attributions.Load(path));
    }

    static float[] AllAblated(OnnxModel model)
    {
        var (folded, signature) = (NormalisedModel.Create(model.Proto), ClassifierSignature.Of(model.Proto, null));
        var components = ComponentSearch.Find(folded, [signature.LogitsName], ComponentKinds.Filters);
        using var runs = new AblationRuns(folded, signature, components, ComponentConstants.Of(folded, components, AblationKind.ZeroWeight), _images, AnswerKind.Margin, 7);
        return runs.Run([[.. Enumerable.Range(0, components.Count)]], null, TestContext.Current.CancellationToken)[0];
    }

    // What is lost when a filter's weights are zero, computed from the answers of changed models.
    static double[][] Truth(OnnxModel model, ItemSet images)
    {
        double[] Margins(OnnxModel m)
        {
            var margins = new double[images.Count];
            using var session = new ClassifierSession(m);
            session.Run(images, (first, count, logits) =>
            {
                for (var i = 0; i < count; i++) margins[first + i] = (logits[2 * i] - logits[2 * i + 1]) * (images.Label(first + i) == 0 ? 1 : -1);
            });
            return margins;
        }
        var whole = Margins(model);
        var truth = whole.Select(_ => new double[8]).ToArray();
        for (var j = 0; j < 8; j++)
        {
            var changed = model.Proto.Clone();
            var weights = changed.Graph.Initializer.Single(t => t.Name == "conv.weight");
            var values = TensorData.Floats(weights);
            Array.Clear(values, j * 27, 27);
            TensorData.SetFloats(weights, values);
            var without = Margins(model.With(changed));
            for (var e = 0; e < whole.Length; e++) truth[e][j] = whole[e] - without[e];
        }
        return truth;
    }
}
