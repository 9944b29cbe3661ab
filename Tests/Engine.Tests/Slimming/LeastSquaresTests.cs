using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class LeastSquaresTests
{
    const int K = 6, M = 3, N = 400;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Exact_weights_are_recovered_from_sums(bool hasBias)
    {
        var numbers = new Numbers(11);
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
