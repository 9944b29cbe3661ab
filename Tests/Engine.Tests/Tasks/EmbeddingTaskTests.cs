using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Metrics;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>Embeddings of the small encoder against loops over ONNX Runtime, an item at a time and without padding.</summary>
public sealed class EmbeddingTaskTests
{
    static readonly ModelProto _model = TokenEncoder.Build(17);

    static float[] Vector(EncodedText text, string pooling)
    {
        using var session = OrtRuntime.CreateSession(_model);
        using var options = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var ids = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(text.Ids, id => (long)id), [1, text.Ids.Length]);
        using var mask = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(text.Ids, _ => 1L), [1, text.Ids.Length]);
        using var found = session.Run(options, ["input_ids", "attention_mask"], [ids, mask], ["last_hidden_state"]);
        var values = found[0].GetTensorDataAsSpan<float>().ToArray();
        return pooling == "first" ? values[..TokenEncoder.Width]
            : [.. Enumerable.Range(0, TokenEncoder.Width).Select(c => Enumerable.Range(0, text.Ids.Length).Average(p => values[p * TokenEncoder.Width + c]))];
    }

    static double Cosine(float[] a, float[] b)
    {
        var product = a.Zip(b, (x, y) => (double)x * y).Sum();
        return product / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));
    }

    [Theory]
    [InlineData("mean")]
    [InlineData("first")]
    public void Spearman_is_that_of_a_plain_loop(string pooling)
    {
        var random = new Random(5);
        var texts = TokenEncoder.Texts(80, 3);
        for (var i = 0; i < texts.Length; i++) texts[i] = texts[i] with { Target = new PairTarget(i / 2, i % 2 == 0 ? random.Next(6) : ((PairTarget)texts[i - 1].Target!).Score) };
        var items = TokenEncoder.Items(_model, texts, 17);
        var measured = TaskEvaluator.Measure(new OnnxModel(_model), items, new EvaluationOptions { Pooling = pooling == "mean" ? null : pooling, Batch = 8 }, cancellation: TestContext.Current.CancellationToken);
        double[] cosines = [.. texts.Chunk(2).Select(pair => Cosine(Vector(pair[0], pooling), Vector(pair[1], pooling)))];
        double[] scores = [.. texts.Chunk(2).Select(pair => ((PairTarget)pair[0].Target!).Score)];
        Assert.Equal("embedding", measured.Task);
        Assert.Equal(RankCorrelation.Of(cosines, scores), measured.Main.Value, 1e-6);
    }

    [Fact]
    public void Classes_are_judged_by_the_nearest_neighbour()
    {
        var texts = TokenEncoder.Texts(60, 8);
        for (var i = 0; i < texts.Length; i++) texts[i] = texts[i] with { Label = texts[i].Ids[0] % 3 };
        var measured = TaskEvaluator.Measure(new OnnxModel(_model), TokenEncoder.Items(_model, texts, 17), cancellation: TestContext.Current.CancellationToken);
        float[][] vectors = [.. texts.Select(text => Vector(text, "mean"))];
        var right = Enumerable.Range(0, texts.Length).Average(i =>
            texts[Enumerable.Range(0, texts.Length).Where(j => j != i).MaxBy(j => Cosine(vectors[i], vectors[j]))].Label == texts[i].Label ? 1.0 : 0);
        Assert.Equal(("nn-accuracy", right), (measured.Main.Name, measured.Main.Value));
    }

    [Fact]
    public void A_model_agrees_with_itself_and_less_with_another()
    {
        var items = TokenEncoder.Items(_model, TokenEncoder.Texts(40, 9), 17);
        var own = TaskEvaluator.Agree(new OnnxModel(_model), new OnnxModel(_model), items, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([1.0, 1.0], own.Metrics.Select(m => Math.Round(m.Value, 9)));
        var other = _model.Clone();
        var weights = other.Graph.Initializer.First(t => t.Name == "words");
        var values = TensorData.Floats(weights);
        for (var i = 0; i < values.Length; i += 2) values[i] = -values[i];
        other.Graph.Initializer[other.Graph.Initializer.IndexOf(weights)] = TensorData.FromFloats("words", [TokenEncoder.Words, TokenEncoder.Width], values);
        Assert.All(TaskEvaluator.Agree(new OnnxModel(_model), new OnnxModel(other), items, cancellation: TestContext.Current.CancellationToken).Metrics, m => Assert.InRange(m.Value, -1, 0.9));
    }

    [Fact]
    public void Ranks_share_their_mean_where_values_tie()
    {
        Assert.Equal([1, 3, 3, 3, 5], RankCorrelation.Ranks([0.5, 2, 2, 2, 9]));
        // By hand: ranks 1.5, 1.5, 3, 4 and 1, 2, 3.5, 3.5: covariance 4 / sqrt(4.5 * 4.5).
        Assert.Equal(4 / 4.5, RankCorrelation.Of([1, 1, 2, 3], [4, 5, 6, 6]), 1e-12);
        Assert.Equal(-1, RankCorrelation.Of([1, 2, 3], [9, 5, 1]), 1e-12);
        Assert.True(double.IsNaN(RankCorrelation.Of([1, 1, 1], [1, 2, 3])));
    }

    [Fact]
    public void The_error_of_a_correlation_is_that_of_drawing_pairs_again()
    {
        var random = new Random(1);
        var (x, y) = (new double[400], new double[400]);
        for (var i = 0; i < x.Length; i++) (x[i], y[i]) = (random.NextDouble() + random.NextDouble(), 0);
        for (var i = 0; i < x.Length; i++) y[i] = Math.Round(4 * x[i] + 2 * random.NextDouble());
        var scores = RankCorrelation.Scores(x, y)!;
        var metric = new MetricValue("spearman", scores.Average()) { ItemScores = scores };
        double[] drawn = [.. Enumerable.Range(0, 400).Select(_ =>
        {
            int[] picks = [.. Enumerable.Range(0, x.Length).Select(_ => random.Next(x.Length))];
            return RankCorrelation.Of([.. picks.Select(i => x[i])], [.. picks.Select(i => y[i])]);
        })];
        var spread = Math.Sqrt(drawn.Sum(d => (d - drawn.Average()) * (d - drawn.Average())) / (drawn.Length - 1));
        Assert.InRange(metric.StandardError / spread, 0.8, 1.25);
    }

    [Fact]
    public void Answers_without_a_row_for_each_item_of_a_fixed_batch_are_refused()
    {
        var b = new GraphBuilder(2) { Batch = 4 };
        var model = b.Build(b.Reshape(b.MatMul(b.Input("x", 3), 2), 8, 1));
        var items = new StoredItemSet([3], [.. Enumerable.Range(0, 9).Select(i => new float[] { i, 1, -i })], new int[9]);
        var error = Assert.Throws<OnnxEngineException>(() => TaskEvaluator.Agree(
            new OnnxModel(model), new OnnxModel(model), items, new EvaluationOptions { Task = "regression" }, cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("does not return a row for each", error.Message, StringComparison.Ordinal);
    }
}
