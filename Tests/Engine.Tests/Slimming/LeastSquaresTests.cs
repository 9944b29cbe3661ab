using OnnxEdit.Engine.Refit;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class LeastSquaresTests
{
    const int K = 6, M = 3, N = 400;

    [Fact]
    public void With_little_data_a_fit_held_to_the_weights_before_it_predicts_new_data_better()
    {
        const int rows = 60, columns = 90;
        var numbers = new SeededNumbers(5);
        var truth = numbers.Matrix(1, rows)[0];
        var prior = new double[1, rows];
        for (var i = 0; i < rows; i++) prior[0, i] = truth[i] + 0.1 * numbers.Normal();
        var (all, half) = (new GramSums(rows, 1), new GramSums(rows, 1));
        for (var n = 0; n < columns; n++)
        {
            var x = Enumerable.Range(0, rows).Select(_ => numbers.Normal()).Append(1.0).ToArray();
            var t = truth.Zip(x, (w, v) => w * v).Sum() + 2 * numbers.Normal();
            foreach (var sums in n % 2 == 0 ? [all] : new[] { all, half })
            {
                for (var i = 0; i <= rows; i++)
                    for (var j = 0; j <= rows; j++) sums.Gram[i * (rows + 1) + j] += x[i] * x[j];
                for (var j = 0; j <= rows; j++) sums.Cross[j] += t * x[j];
                sums.Power[0] += t * t;
            }
        }
        var few = new GramSums(rows, 1, all.Gram) { Half = half };
        all.Cross.CopyTo(few.Cross, 0);
        all.Power.CopyTo(few.Power, 0);
        // Inputs are white, so the distance of the weights is the error on new data.
        double Error((double[,] Weights, double[] Bias) fit) => Enumerable.Range(0, rows).Sum(i => Math.Pow(fit.Weights[0, i] - truth[i], 2));
        var (plain, held) = (Error(LeastSquares.Fit(all, true)), Error(LeastSquares.Fit(few, true, prior)));
        Assert.True(held < 0.3 * plain, $"{held} held to the prior, {plain} without");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Exact_weights_are_recovered_from_sums(bool hasBias)
    {
        var numbers = new SeededNumbers(11);
        var weights = numbers.Matrix(M, K);
        double[] bias = hasBias ? [0.5, -2, 3] : [0, 0, 0];
        var sums = new GramSums(K, M);
        for (var n = 0; n < N; n++)
        {
            // A mean far from zero: without centring, the ridge would pull the weights.
            var x = Enumerable.Range(0, K).Select(i => numbers.Normal() + i).Append(1.0).ToArray();
            for (var i = 0; i <= K; i++)
                for (var j = 0; j <= K; j++) sums.Gram[i * (K + 1) + j] += x[i] * x[j];
            for (var o = 0; o < M; o++)
            {
                var t = bias[o] + weights[o].Zip(x, (w, v) => w * v).Sum();
                for (var j = 0; j <= K; j++) sums.Cross[o * (K + 1) + j] += t * x[j];
                sums.Power[o] += t * t;
            }
        }
        var (fitted, constant) = LeastSquares.Fit(sums, hasBias);
        for (var o = 0; o < M; o++)
        {
            // The ridge of 1e-4 of the mean diagonal shrinks by about that much.
            Assert.Equal(bias[o], constant[o], 1e-2);
            for (var i = 0; i < K; i++) Assert.Equal(weights[o][i], fitted[o, i], 5e-3);
            Assert.True(sums.Variance(o) > 0);
        }
    }
}
