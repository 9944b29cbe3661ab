using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>Attributions of models that are no classifiers: what they explain, by loops over ONNX Runtime and finite differences.</summary>
public sealed class OwnAnswerTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static AttributionSession Open(ModelProto model, ItemSet items, AttributionOptions options) =>
        AttributionSession.Open(new OnnxModel(model), items, options, cancellation: TestContext.Current.CancellationToken);

    static Attributions Attribute(ModelProto model, ItemSet items, AttributionOptions options)
    {
        using var session = Open(model, items, options);
        return session.Attribute();
    }

    // Mean vector of a text, alone and without padding.
    static double[] Vector(ModelProto model, int[] ids)
    {
        using var session = OrtRuntime.CreateSession(model);
        using var options = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var tokens = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(ids, id => (long)id), [1, ids.Length]);
        using var mask = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(ids, _ => 1L), [1, ids.Length]);
        using var found = session.Run(options, ["input_ids", "attention_mask"], [tokens, mask], ["last_hidden_state"]);
        var values = found[0].GetTensorDataAsSpan<float>().ToArray();
        return [.. Enumerable.Range(0, TokenEncoder.Width).Select(c => Enumerable.Range(0, ids.Length).Average(p => (double)values[p * TokenEncoder.Width + c]))];
    }

    static ModelProto Without(ModelProto model, string weight, int column)
    {
        var changed = model.Clone();
        var tensor = changed.Graph.Initializer.Single(t => t.Name == weight);
        var values = TensorData.Floats(tensor);
        for (var row = 0; row < tensor.Dims[0]; row++) values[row * tensor.Dims[1] + column] = 0;
        TensorData.SetFloats(tensor, values);
        return changed;
    }

    // At whatever length texts are filled up to, open or declared, in sessions of their own (130 texts) or not.
    [Theory]
    [InlineData(13, true, 8)]
    [InlineData(29, true, 8)]
    [InlineData(29, false, 8)]
    [InlineData(13, true, 130)]
    public void The_answer_of_an_embedding_is_what_is_left_of_the_vector_without_padding(int length, bool isOpen, int count)
    {
        var texts = TokenEncoder.Texts(count, 4);
        var declared = TokenEncoder.Build(length, isOpen);
        var items = TokenEncoder.Items(declared, texts, length);
        var found = Attribute(declared, items, new() { Components = ComponentKinds.Neurons, Method = "loo", Batch = 5 });
        Assert.Equal(TokenEncoder.Hidden, found.Components.Count);
        Assert.Equal(("embedding", "similarity"), (found.Facts["task"], found.Facts["answer"]));
        Assert.All(found.Labels, label => Assert.Equal(-1, label));
        var model = TokenEncoder.Build(11);
        var weight = model.Graph.Node.Single(node => node.Output[0] == "up.product").Input[1];
        for (var unit = 0; unit < 3; unit++)
        {
            var changed = Without(model, weight, unit);
            for (var e = 0; e < 8; e++)
            {
                var (own, left) = (Vector(model, texts[e].Ids), Vector(changed, texts[e].Ids));
                Assert.Equal(1, found.Answers[e], 1e-5);
                Assert.Equal(1 - own.Zip(left, (a, b) => a * b).Sum() / own.Sum(a => a * a), found.Scores[e][unit], 2e-5);
            }
        }
    }

    static ItemSet Pictures(int edge, int count = 6)
    {
        var random = new Random(3);
        return new StoredItemSet([3, edge, edge], [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 3 * edge * edge).Select(_ => (float)random.NextDouble()).ToArray())], [.. Enumerable.Repeat(-1, count)]);
    }

    static ModelProto Map(int channels)
    {
        var b = new GraphBuilder(6);
        var x = b.Relu(b.Conv(b.Input("x", 3, 16, 16), 5, pads: 1));
        return b.Build(b.Conv(x, channels, pads: 1));
    }

    // Answers of 84 cells of 8, 16 and 32 pixels: boxes, maybe an objectness, two classes.
    static ModelProto Detector(bool hasObjectness)
    {
        var b = new GraphBuilder(6);
        var x = b.Relu(b.Conv(b.Input("x", 3, 64, 64), 5, pads: 1));
        var cells = b.Concat(2, [.. new[] { 8, 16, 32 }.Select(stride => b.Reshape(b.AveragePool(x, stride, stride), -1, 5, 64 / stride * (64 / stride)))]);
        var answers = b.Unary("Sigmoid", b.Add(b.MatMul(b.Transpose(cells, 0, 2, 1), hasObjectness ? 7 : 6), b.Floats("sure", [1], 1)));
        return b.Build(hasObjectness ? answers : b.Transpose(answers, 0, 2, 1));
    }

    static ModelProto Numbers(int outputs)
    {
        var b = new GraphBuilder(6);
        return b.Build(b.Gemm(b.Unary("Tanh", b.Gemm(b.Input("x", 4), 7)), outputs));
    }

    static ItemSet Rows => new StoredItemSet([4], [.. Enumerable.Range(0, 6).Select(i => new float[] { i, 1 - i, 0.3f * i, 1 })], [.. Enumerable.Repeat(-1, 6)]);

    static ItemSet Texts => TokenEncoder.Items(TokenEncoder.Build(11), TokenEncoder.Texts(6, 4), 13);

    static (ModelProto Model, ItemSet Items, AttributionOptions Options) Case(string name, string alphabet) => name switch
    {
        "mean" or "first" or "none" => (TokenEncoder.Build(11), Texts, new() { Components = ComponentKinds.Neurons | ComponentKinds.Units, Pooling = name }),
        "tags" => (TokenEncoder.Build(11), Texts, new() { Components = ComponentKinds.Neurons, Task = "sequence", Alphabet = alphabet }),
        "classes" => (Map(4), Pictures(16), new() { Task = "dense" }),
        "depth" => (Map(1), Pictures(16), new() { Task = "dense" }),
        "cells" => (Detector(hasObjectness: false), Pictures(64), new() { Task = "detection" }),
        "objectness" => (Detector(hasObjectness: true), Pictures(64), new() { Task = "detection" }),
        "value" => (Numbers(1), Rows, new() { Components = ComponentKinds.Neurons, Task = "regression" }),
        _ => (Numbers(3), Rows, new() { Components = ComponentKinds.Neurons, Task = "regression" }),
    };

    // A single pass along the straight path stands at the middle.
    [Theory]
    [InlineData("mean", "similarity")]
    [InlineData("first", "similarity")]
    [InlineData("none", "similarity")]
    [InlineData("tags", "margin")]
    [InlineData("classes", "margin")]
    [InlineData("depth", "similarity")]
    [InlineData("cells", "score")]
    [InlineData("objectness", "score")]
    [InlineData("value", "value")]
    [InlineData("numbers", "similarity")]
    public void Gradients_are_finite_differences(string name, string word)
    {
        var (model, items, options) = Case(name, _folder.WriteText("tags.txt", string.Join('\n', Enumerable.Range(0, TokenEncoder.Width).Select(i => $"tag{i}")) + "\n"));
        var found = Attribute(model, items, options with { Method = "conductance", Budget = 3, Batch = 4 });
        Assert.Equal(word, found.Facts["answer"]);
        if (word is "similarity" or "score") Assert.All(found.Answers, answer => Assert.Equal(1, answer, 1e-5));
        var cancellation = TestContext.Current.CancellationToken;
        var own = OwnAnswerModel.Of(model, ExplainedTask.Of(model, options.Evaluation, items)!, options.Evaluation, items, null, cancellation);
        var folded = DataShapes.Normalised(own.Graph, null, own.Items);
        var components = ComponentSearch.Find(folded, own.Scores, options.Components);
        using var runner = new BatchRunner(ComponentMasks.Insert(folded, components, ComponentConstants.Of(folded, components, AblationKind.ZeroWeight), shared: false));
        var (d, n, values) = (components.Count, items.Count, new float[items.Count * own.Items.ItemLength]);
        own.Items.Fill(0, n, values);
        Assert.Equal(found.Components.Count, d);
        var inputs = folded.Index.Inputs.Zip(ItemInputs.Split(own.Items, values, n)).ToDictionary(p => p.First.Name, p => p.Second);
        double[] Answers(int component, float step)
        {
            var (mask, answers) = (new float[n * d], new double[n]);
            Array.Fill(mask, 0.5f);
            for (var e = 0; e < n; e++) mask[e * d + component] += step;
            inputs[ComponentMasks.Input] = new BatchInput(mask, [n, d]);
            runner.Run([.. runner.Inputs.Select(input => inputs[input])], (output, logits, _) =>
            {
                if (output > 0) return;
                for (var e = 0; e < n; e++) answers[e] = logits[2 * e];
            });
            return answers;
        }
        const float step = 2e-3f;
        var scale = found.Scores.Max(row => row.Max(Math.Abs));
        Assert.True(scale > 1e-3);
        foreach (var j in Enumerable.Range(0, d).Where(j => j % Math.Max(1, d / 8) == 0))
        {
            var (up, down) = (Answers(j, step), Answers(j, -step));
            for (var e = 0; e < n; e++) Assert.Equal((up[e] - down[e]) / (2 * step), found.Scores[e][j], 0.03 * scale);
        }
    }

    [Theory]
    [InlineData("combined", 300)]
    [InlineData("ridge", 300)]
    public void Scores_predict_fresh_ablations(string method, int budget)
    {
        using var session = Open(Detector(hasObjectness: false), Pictures(64), new() { Method = method, Budget = budget, Alpha = 0.2 });
        Assert.InRange(session.Evaluate([session.Attribute()], 0.2, 40)[0].Mean, 0.8, 1);
    }

    [Fact]
    public void Encoders_of_ids_alone_are_no_language_models()
    {
        var b = new GraphBuilder(2);
        b.Input("input_ids", 6);
        var model = b.Build(b.MatMul(b.Op("Gather", [b.Weight("words", [40, 8]), "input_ids"], [1, 6, 8], "embedded"), 8, "vectors"));
        model.Graph.Input[0].Type.TensorType.ElemType = (int)TensorProto.Types.DataType.Int64;
        Assert.False(ExplainedTask.IsLanguageModel(model, null));
        Assert.Equal("embedding", ExplainedTask.Of(model, new EvaluationOptions(), null)?.Name);
    }

    [Fact]
    public void What_has_no_answer_is_refused_with_a_sentence()
    {
        string Refused(ModelProto model, ItemSet items, AttributionOptions options) => Assert.Throws<OnnxEngineException>(() => Attribute(model, items, options)).Message;
        var several = Numbers(2);
        several.Graph.Output.Add(several.Graph.Output[0].Clone());
        several.Graph.Output[1].Name = several.Graph.Node[0].Output[0];
        Assert.Contains("name it with EvaluationOptions.Output", Refused(several, Rows, new() { Task = "regression" }), StringComparison.Ordinal);
        Assert.Contains("is of classes", Refused(Numbers(2), Rows, new() { Task = "regression", Answer = Surgery.Gradients.AnswerKind.Logit }), StringComparison.Ordinal);
        Assert.Contains("would count padding", Refused(TokenEncoder.Build(11), Texts, new() { Components = ComponentKinds.Neurons, Ablation = AblationKind.Mean }), StringComparison.Ordinal);
        var silent = Numbers(2);
        foreach (var weight in silent.Graph.Initializer) TensorData.SetFloats(weight, new float[TensorData.ElementCount(weight)]);
        Assert.Contains("no answer to any of the examples", Refused(silent, Rows, new() { Task = "regression" }), StringComparison.Ordinal);
    }
}
