using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class EvaluatorTests
{
    /// <summary>Items whose values are the logits of an identity model.</summary>
    sealed class Rows(int[] labels, params float[][] rows) : ItemSet
    {
        public override int Count => rows.Length;

        public override IReadOnlyList<int> ItemShape => [rows[0].Length];

        public override int Label(int index) => labels[index];

        public override void Fill(int start, int count, Span<float> destination)
        {
            for (var i = 0; i < count; i++) rows[start + i].CopyTo(destination[(i * ItemLength)..]);
        }
    }

    static Evaluation Evaluate(OnnxModel model, ItemSet images) =>
        Evaluator.Evaluate(model, images, null, null, TestContext.Current.CancellationToken);

    static Rows ThreeRows(params int[] labels) => new(labels, [3, 1, 2], [0, 5, 1], [2, 2, 1]);

    [Fact]
    public void Accuracy_and_margin_follow_from_the_logits()
    {
        var evaluation = Evaluate(ChainModel.Of("Identity", 3), ThreeRows(0, 2, 1));
        Assert.Equal([true, false, false], evaluation.Correct); // A tie goes to the lower index.
        Assert.Equal(1 / 3.0, evaluation.Top1, 12);
        Assert.Equal(1, evaluation.Top5);
        Assert.Equal((1 - 4 + 0) / 3.0, evaluation.MeanMargin, 6);
        Assert.Equal([new ClassAccuracy(0, 1, 1), new ClassAccuracy(1, 1, 0), new ClassAccuracy(2, 1, 0)], evaluation.PerClass);
    }

    [Fact]
    public void Top_five_counts_labels_among_the_five_best()
    {
        float[] scores = [7, 6, 5, 4, 3, 2, 1];
        var evaluation = Evaluate(ChainModel.Of("Identity", 7), new Rows([0, 4, 5, 6], scores, scores, scores, scores));
        Assert.Equal((0.25, 0.5), (evaluation.Top1, evaluation.Top5));
    }

    [Fact]
    public void Changed_predictions_count_images_that_get_another_class()
    {
        // exp keeps the order of the scores, -x turns it round.
        var original = Evaluate(ChainModel.Of("Identity", 3), ThreeRows(0, 2, 1));
        Assert.Equal(0, Evaluate(ChainModel.Of("Exp", 3), ThreeRows(0, 2, 1)).ChangedFrom(original));
        Assert.Equal(1, Evaluate(ChainModel.Of("Neg", 3), ThreeRows(0, 2, 1)).ChangedFrom(original));
        Assert.Throws<ArgumentException>(() => Evaluate(ChainModel.Of("Neg", 3), ThreeRows(0, -1, 1)).ChangedFrom(original));
    }

    [Theory]
    [InlineData("Softmax")]
    [InlineData("LogSoftmax")]
    public void A_final_softmax_is_looked_through(string op) =>
        Assert.Equal(-1, Evaluate(ChainModel.Of(op, 3), ThreeRows(0, 2, 1)).MeanMargin, 6);

    [Theory]
    [InlineData(2, 1)]
    [InlineData(5, 1)]
    [InlineData(null, 10)]
    [InlineData(2, 10)]
    [InlineData(null, 11)]
    public void Fixed_batches_and_other_float_types_give_the_same_result(int? batch, int type)
    {
        var evaluation = Evaluate(ChainModel.Of("Identity", 3, batch, type), ThreeRows(0, 2, 1));
        Assert.Equal([true, false, false], evaluation.Correct);
        Assert.Equal(-1, evaluation.MeanMargin, 6);
    }

    [Fact]
    public void Unlabelled_items_are_left_out()
    {
        var evaluation = Evaluate(ChainModel.Of("Identity", 3), ThreeRows(0, -1, 0));
        Assert.Equal((2, 1.0), (evaluation.Count, evaluation.Top1));
    }

    [Fact]
    public void Nothing_labelled_is_a_data_error() =>
        Assert.Equal(ErrorKind.Data, Assert.Throws<OnnxEngineException>(() => Evaluate(ChainModel.Of("Identity", 3), ThreeRows(-1, -1, -1))).Kind);

    [Fact]
    public void A_label_without_an_output_is_a_data_error() =>
        Assert.Equal(ErrorKind.Data, Assert.Throws<OnnxEngineException>(() => Evaluate(ChainModel.Of("Identity", 3), ThreeRows(0, 1, 3))).Kind);

    [Fact]
    public void Nan_scores_are_a_model_error()
    {
        var error = Assert.Throws<OnnxEngineException>(() => Evaluate(ChainModel.Of("Sqrt", 3), new Rows([0, 0], [1, 2, 3], [1, -1, 3])));
        Assert.Equal(ErrorKind.Model, error.Kind);
        Assert.Contains("item 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_score_is_no_classifier() =>
        Assert.Equal(ErrorKind.Model, Assert.Throws<OnnxEngineException>(() => Evaluate(ChainModel.Of("Identity", 1), new Rows([0], [1f]))).Kind);

    [Fact]
    public void Cancelling_ends_the_evaluation()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => Evaluator.Evaluate(ChainModel.Of("Identity", 3), ThreeRows(0, 1, 2), null, null, source.Token));
    }
}
