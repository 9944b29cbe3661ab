using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ChannelScoresTests
{
    static double[] Score(SmallClassifier model, string kind, CalibrationStatistics? statistics = null, ulong seed = 0) =>
        ChannelScores.Compute(kind, ClassAggregation.Max, model.Analysis, statistics, seed);

    static int[] Cells(SmallClassifier model, string producer) =>
        model.Analysis.Producers.First(p => p.Node.Name == producer).Ids;

    [Theory]
    [InlineData("l1")]
    [InlineData("l2")]
    public void Weight_scores_are_filter_norms_with_the_normalisation_folded_in(string kind)
    {
        var model = SmallClassifier.Residual();
        float[] Values(string name) => TensorData.Floats(model.Model.Proto.Graph.Initializer.First(t => t.Name == name));
        var (w, gamma, variance) = (Values("stem.weight"), Values("batchnorm_0.gamma"), Values("batchnorm_0.var"));
        var outer = Values("outer.weight");
        double Norm(IEnumerable<float> filter) => kind == "l1" ? filter.Sum(v => Math.Abs(v)) : Math.Sqrt(filter.Sum(v => (double)v * v));
        var stem = Enumerable.Range(0, 6).Select(c => Norm(w[(c * 27)..((c + 1) * 27)]) * gamma[c] / Math.Sqrt(variance[c] + 1e-5)).ToArray();
        var block = Enumerable.Range(0, 6).Select(c => Norm(outer[(c * 45)..((c + 1) * 45)])).ToArray();
        var scores = Score(model, kind);
        var cells = Cells(model, "stem");
        for (var c = 0; c < 6; c++)
            Assert.Equal((stem[c] / stem.Average() + block[c] / block.Average()) / 2, scores[cells[c]], 1e-5);
    }

    [Fact]
    public void Weights_stored_in_another_form_are_scored_as_they_are_stored()
    {
        var b = new GraphBuilder(4);
        var quantised = b.Op("Conv", [b.Input("x", 3, 8, 8), b.QuantisedWeight("w", [6, 3, 3, 3], 0)], [1, 6, 6, 6], "c");
        var model = b.Build(b.ConvTranspose(b.ConvTranspose(b.Relu(quantised), 5, name: "up"), 2));
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model));
        var scores = ChannelScores.Compute("l2", ClassAggregation.Max, analysis, null);
        TensorProto Tensor(string name) => model.Graph.Initializer.First(t => t.Name == name);
        var (bytes, scale) = (TensorData.Bytes(Tensor("w.q")), TensorData.Floats(Tensor("w.scale")));
        AssertShares([.. Enumerable.Range(0, 6).Select(c => Math.Sqrt(Enumerable.Range(c * 27, 27).Sum(i => Math.Pow((sbyte)bytes[i] * scale[c], 2))))], "c");
        var up = TensorData.Floats(Tensor("up.weight"));
        AssertShares([.. Enumerable.Range(0, 5).Select(c => Math.Sqrt(Enumerable.Range(0, 6).Sum(i => Enumerable.Range(0, 4).Sum(k => Math.Pow(up[(i * 5 + c) * 4 + k], 2)))))], "up");

        void AssertShares(double[] norms, string node)
        {
            var cells = analysis.Producers.First(p => p.Node.Name == node).Ids;
            for (var c = 0; c < norms.Length; c++) Assert.Equal(norms[c] / norms.Average(), scores[cells[c]], 1e-5);
        }
    }

    [Fact]
    public void Random_scores_follow_the_seed()
    {
        var model = SmallClassifier.Residual();
        var scores = Score(model, "random", seed: 1);
        Assert.Equal(scores, Score(model, "random", seed: 1));
        Assert.NotEqual(scores, Score(model, "random", seed: 2));
        Assert.All(Enumerable.Range(0, scores.Length), c => Assert.Equal(model.Analysis.LockOf(c) is not null, double.IsNaN(scores[c])));
    }

    [Fact]
    public void Every_score_knows_every_removable_cell()
    {
        var model = SmallClassifier.Residual();
        var statistics = model.Collect(SmallClassifier.Images(60));
        foreach (var kind in ChannelScores.Names)
        {
            var scores = Score(model, kind, statistics);
            Assert.All(Enumerable.Range(0, scores.Length), c => Assert.True(model.Analysis.LockOf(c) is null ? scores[c] >= 0 : double.IsNaN(scores[c]), $"{kind} {c}: {scores[c]}"));
        }
    }

    [Theory]
    [InlineData("tv")]
    [InlineData("fisher")]
    [InlineData("mpm")]
    [InlineData("mpm-robust")]
    [InlineData("ks")]
    [InlineData("tvsprune")]
    public void A_channel_that_tells_classes_apart_scores_highest(string kind)
    {
        var model = SmallClassifier.Colours(SmallClassifier.Identity);
        foreach (var aggregation in Enum.GetValues<ClassAggregation>())
        {
            var scores = ChannelScores.Compute(kind, aggregation, model.Analysis, model.Collect(SmallClassifier.Images(90, 4)));
            Assert.Equal(scores.Max(), scores[Cells(model, "pass")[0]]);
            Assert.True(scores[0] > 1.5 * scores[1]);
        }
    }

    [Fact]
    public void A_repeated_channel_is_the_least_independent()
    {
        var model = SmallClassifier.Colours(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0);
        var scores = Score(model, "chip", model.Collect(SmallClassifier.Images(30, 4, isLabelled: false)));
        var cells = Cells(model, "pass");
        Assert.Equal(scores[cells[1]], scores[cells[3]], 1e-3);
        Assert.All([cells[0], cells[2]], c => Assert.True(scores[c] > scores[cells[1]]));
    }

    [Fact]
    public void A_channel_that_nobody_uses_has_the_least_reconstruction_score()
    {
        var model = SmallClassifier.Residual();
        var outer = model.Analysis.Model.Index.Initializer("outer.weight")!;
        var weights = TensorData.Floats(outer);
        for (var m = 0; m < 6; m++) Array.Clear(weights, m * 45 + 3 * 9, 9); // Input channel 3 of 5.
        TensorData.SetFloats(outer, weights);
        var scores = Score(model, "obs", model.Collect(SmallClassifier.Images(60)));
        var cells = Cells(model, "inner");
        Assert.Equal(cells.Min(c => scores[c]), scores[cells[3]]);
        Assert.Equal(0, scores[cells[3]], 1e-9);
    }

    [Fact]
    public void Reconstruction_scores_give_the_order_of_elimination_back()
    {
        var model = SmallClassifier.Residual();
        var statistics = model.Collect(SmallClassifier.Images(60));
        var direct = ReconstructionCurves.Measure(model.Analysis, statistics.GramSource(model.Analysis), null, TestContext.Current.CancellationToken);
        var again = ScoreCurves.From(model.Analysis, Score(model, "obs", statistics));
        Assert.Equal(direct.Count, again.Count);
        Assert.All(direct, pair => Assert.Equal(pair.Value.Cells, again[pair.Key].Cells));
    }

    [Fact]
    public void Curves_are_ordered_and_shared_out()
    {
        var model = SmallClassifier.Residual();
        var scores = new double[model.Analysis.CellCount];
        var inner = Cells(model, "inner");
        foreach (var (cell, value) in inner.Zip([3.0, 1, double.NaN, 1, 0])) scores[cell] = value;
        var curves = ScoreCurves.From(model.Analysis, scores);
        var curve = curves.First(c => c.Key.Cells.Contains(inner[0])).Value;
        Assert.Equal([inner[4], inner[1], inner[3], inner[0]], curve.Cells);
        Assert.Equal([0, 0.2, 0.2, 0.6], curve.Damage.Select(d => Math.Round(d, 12)));
        var others = curves.First(c => !c.Key.Cells.Contains(inner[0])).Value; // All score zero: nothing is lost.
        Assert.All(others.Damage, d => Assert.Equal(0, d));
        Assert.Equal(others.Cells.Order(), others.Cells);
    }

    [Fact]
    public void A_score_without_its_statistics_says_so()
    {
        var model = SmallClassifier.Residual();
        Assert.Equal(ErrorKind.Usage, Assert.Throws<OnnxEngineException>(() => Score(model, "tv")).Kind);
        var grams = model.Collect(SmallClassifier.Images(20), ChannelScores.Needs("obs"));
        Assert.Empty(grams.Points);
        var tv = model.Collect(SmallClassifier.Images(20), ChannelScores.Needs("tv"));
        Assert.Contains("CHIP", Assert.Throws<OnnxEngineException>(() => Score(model, "chip", tv)).Message, StringComparison.Ordinal);
        Assert.Contains("Gram", Assert.Throws<OnnxEngineException>(() => Score(model, "obs", tv)).Message, StringComparison.Ordinal);
    }
}
