using OnnxEdit.Engine.Refit;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public class TapMeanTests
{
    [Fact]
    public void Where_taps_are_unrelated_the_increase_is_that_of_the_whole_patch()
    {
        // Two taps of three channels; the Gram matrix is the same block for both and zero between them.
        double[][] block = [[2, 0.5, 0.1], [0.5, 1, 0.3], [0.1, 0.3, 1.5]];
        var gram = Enumerable.Range(0, 6).Select(i => Enumerable.Range(0, 6).Select(j => i / 3 == j / 3 ? block[i % 3][j % 3] : 0).ToArray()).ToArray();
        var weights = new double[2, 6];
        for (var o = 0; o < 2; o++)
            for (var i = 0; i < 6; i++) weights[o, i] = Math.Sin(3 * o + i + 1);

        var byTap = new ObsElimination(TapMean.Gram(gram, 2), TapMean.Weights(weights, 2), [[0], [1], [2]], 1, ridge: 0);
        var whole = new ObsElimination(gram, weights, [[0, 3], [1, 4], [2, 5]], 1, ridge: 0);
        for (var c = 0; c < 3; c++) Assert.Equal(whole.Increase(c), byTap.Increase(c), 9);
        whole.Remove(1);
        byTap.Remove(1);
        Assert.Equal(whole.Increase(2), byTap.Increase(2), 9);
    }
}
