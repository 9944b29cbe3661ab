using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Refit.Columns;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>Units that read more than there is data: what is made of columns one by one is what sums of their products give.</summary>
public sealed class WideUnitTests
{
    const int Channels = 6, Places = 4, K = Channels * Places, Columns = 11;

    // A channel of a flattened map lies in neighbouring rows.
    static readonly int[][] _places = [.. Enumerable.Range(0, Channels).Select(c => Enumerable.Range(c * Places, Places).ToArray())];

    [Theory]
    [InlineData(true, 5)]
    [InlineData(false, 5)]
    [InlineData(true, 700)]
    public void The_fit_is_that_of_gram_sums(bool hasBias, int outputs)
    {
        var (columns, sums, prior, patches) = Problem(outputs);
        var expected = LeastSquares.Fit(sums, hasBias, PatchOrder.Get(prior, 0, patches));
        var (weights, bias) = (new float[outputs, K], new float[outputs]);
        columns.Centre(hasBias);
        ColumnFit.Apply(columns, hasBias, prior, weights, bias, 0, patches);
        var moved = 0.0;
        for (var o = 0; o < outputs; o++)
        {
            Assert.Equal(expected.Bias[o], bias[o], 1e-4);
            for (var i = 0; i < K; i++)
            {
                Assert.Equal(expected.Weights[o, i], weights[o, i], 1e-4);
                moved = Math.Max(moved, Math.Abs(weights[o, i] - prior[o, i]));
            }
        }
        Assert.True(moved > 0.05, $"no weight moved by more than {moved}");
    }

    // A channel has fewer rows than there are columns, or more.
    [Theory]
    [InlineData(4)]
    [InlineData(12)]
    public void The_elimination_is_that_of_gram_sums(int rows)
    {
        const double Power = 3;
        int[][] places = [.. Enumerable.Range(0, K / rows).Select(c => Enumerable.Range(c * rows, rows).ToArray())];
        int[][] order = rows == 4 ? [[2], [5, 0], [2]] : [[1], [1], [0]];
        var (columns, sums, weights, patches) = Problem(5);
        var gram = LeastSquares.CentredGram(sums, centred: true);
        for (var i = 0; i < K; i++)
            for (var j = 0; j < K; j++)
                if (i != j) gram[i][j] *= (double)Columns / (Columns + K);
        var expected = new ObsElimination(gram, PatchOrder.Get(weights, 0, patches), places, Power, noise: LeastSquares.Noise(sums));
        columns.Centre(hasBias: true);
        var elimination = new ColumnElimination(columns, weights, 0, patches, places, Power, 0);
        Same();
        foreach (var gone in order)
        {
            var (own, other) = (elimination.Remove(gone), expected.Remove(gone));
            for (var n = 0; n < gone.Length; n++) Assert.Equal(other[n], own[n], 1e-5 * Math.Abs(other[n]));
            Same();
        }

        void Same()
        {
            for (var c = 0; c < places.Length; c++) Assert.Equal(expected.Increase(c), elimination.Increase(c), 1e-5 * expected.Increase(c));
        }
    }

    [Fact]
    public void Many_outputs_are_mixed_into_few_and_keep_their_sums_of_squares()
    {
        var (columns, sums, weights, patches) = Problem(4000);
        var gram = LeastSquares.CentredGram(sums, centred: true);
        for (var i = 0; i < K; i++)
            for (var j = 0; j < K; j++)
                if (i != j) gram[i][j] *= (double)Columns / (Columns + K);
        var expected = new ObsElimination(gram, PatchOrder.Get(weights, 0, patches), _places, 1, noise: LeastSquares.Noise(sums));
        columns.Centre(hasBias: true);
        var elimination = new ColumnElimination(columns, weights, 0, patches, _places, 1, 0);
        for (var c = 0; c < Channels; c++) Assert.InRange(elimination.Increase(c) / expected.Increase(c), 0.7, 1.4);
    }

    // Targets of other weights than those that are there, and noise.
    static (PatchColumns Columns, GramSums Sums, float[,] Weights, PatchGraph Patches) Problem(int outputs)
    {
        var numbers = new SeededNumbers(3);
        var (weights, truth) = (numbers.Floats(outputs, K), numbers.Floats(outputs, K));
        var columns = new PatchColumns(K, outputs, Columns + 1);
        var (all, half) = (new GramSums(K, outputs), new GramSums(K, outputs));
        columns.Add(new float[K + 1], new float[outputs], half: false); // Padding.
        for (var n = 0; n < Columns; n++)
        {
            float[] x = [.. Enumerable.Range(0, K).Select(i => (float)(numbers.Normal() + i % 3)), 1];
            float[] t = [.. Enumerable.Range(0, outputs).Select(o => 1 + (float)numbers.Normal() + Enumerable.Range(0, K).Sum(i => (weights[o, i] + 0.5f * truth[o, i]) * x[i]))];
            columns.Add(x, t, n % 2 == 1);
            foreach (var sums in n % 2 == 1 ? new[] { all, half } : [all])
            {
                for (var i = 0; i <= K; i++)
                    for (var j = 0; j <= K; j++) sums.Gram[i * (K + 1) + j] += (double)x[i] * x[j];
                for (var o = 0; o < outputs; o++)
                {
                    for (var j = 0; j <= K; j++) sums.Cross[o * (K + 1) + j] += (double)t[o] * x[j];
                    sums.Power[o] += (double)t[o] * t[o];
                }
            }
        }
        var few = new GramSums(K, outputs, all.Gram) { Half = half };
        all.Cross.CopyTo(few.Cross, 0);
        all.Power.CopyTo(few.Power, 0);
        var b = new GraphBuilder(1);
        var model = b.Build(b.Gemm(b.Input("x", K), outputs));
        var unit = LinearUnit.Of(model.Graph.Node.Single(n => n.OpType == "Gemm"), model.Graph, new GraphIndex(model.Graph))!;
        return (columns, few, weights, new PatchGraph(unit, [outputs, K], [1, K], [1, outputs]));
    }
}
