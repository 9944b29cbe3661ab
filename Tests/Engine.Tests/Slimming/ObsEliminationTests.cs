using MathNet.Numerics.LinearAlgebra.Double;
using OnnxEdit.Engine.Refit;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ObsEliminationTests
{
    const int Channels = 5, Taps = 3, Outputs = 4;
    const double Power = 2.5;

    static readonly int[][] _rows = [.. Enumerable.Range(0, Channels).Select(c => Enumerable.Range(0, Taps).Select(t => PatchOrder.Row(c, t, Channels)).ToArray())];

    [Fact]
    public void The_increase_is_what_refitting_without_the_channel_costs()
    {
        var (gram, weights) = Problem();
        var elimination = new ObsElimination(Copy(gram), weights, _rows, Power, ridge: 0);
        for (var c = 0; c < Channels; c++) Assert.Equal(Refit(gram, weights, c), elimination.Increase(c), 1e-9);
    }

    [Fact]
    public void After_a_removal_the_rest_behaves_as_the_reduced_problem()
    {
        var (gram, weights) = Problem();
        var elimination = new ObsElimination(Copy(gram), weights, _rows, Power, ridge: 0);
        var before = 0.0;
        List<int> gone = [];
        foreach (var c in new[] { 3, 0, 4 })
        {
            elimination.Remove(c);
            elimination.Remove(c); // A second time changes nothing.
            gone.Add(c);
            before = Refit(gram, weights, [.. gone]);
            Assert.Equal(0, elimination.Increase(c));
            foreach (var other in Enumerable.Range(0, Channels).Except(gone))
                Assert.Equal(Refit(gram, weights, [.. gone, other]) - before, elimination.Increase(other), 1e-9);
        }
    }

    [Fact]
    public void Channels_removed_together_add_what_they_add_one_after_the_other()
    {
        var (gram, weights) = Problem();
        var (together, single) = (new ObsElimination(Copy(gram), weights, _rows, Power, ridge: 0), new ObsElimination(Copy(gram), weights, _rows, Power, ridge: 0));
        double[] expected = [.. new[] { 4, 1, 2 }.Select(c =>
        {
            var increase = single.Increase(c);
            single.Remove(c);
            return increase;
        })];
        var added = together.Remove([4, 1, 2]);
        for (var n = 0; n < 3; n++) Assert.Equal(expected[n], added[n], 1e-9);
        foreach (var c in (int[])[0, 3]) Assert.Equal(single.Increase(c), together.Increase(c), 1e-9);
        Assert.Equal([0.0, 0.0], together.Remove([4, 1]));
    }

    static (double[][] Gram, double[,] Weights) Problem()
    {
        var numbers = new SeededNumbers(21);
        var weights = new double[Outputs, Channels * Taps];
        for (var o = 0; o < Outputs; o++)
            for (var i = 0; i < Channels * Taps; i++) weights[o, i] = numbers.Normal();
        return (numbers.Gram(Channels * Taps), weights);
    }

    // min over w' with w'_R = 0 of sum_m (w' - w)' G (w' - w), by solving for the rows K that are kept.
    static double Refit(double[][] gram, double[,] weights, params int[] channels)
    {
        var g = DenseMatrix.OfRowArrays(gram);
        var removed = channels.SelectMany(c => _rows[c]).ToArray();
        var kept = Enumerable.Range(0, gram.Length).Except(removed).ToArray();
        var sum = 0.0;
        for (var o = 0; o < Outputs; o++)
        {
            var change = new DenseVector(gram.Length);
            foreach (var r in removed) change[r] = -weights[o, r];
            var right = DenseVector.OfEnumerable(kept.Select(k => -removed.Sum(r => gram[k][r] * change[r])));
            var solved = DenseMatrix.Create(kept.Length, kept.Length, (i, j) => gram[kept[i]][kept[j]]).Solve(right);
            for (var i = 0; i < kept.Length; i++) change[kept[i]] = solved[i];
            sum += change * g * change;
        }
        return sum / Power;
    }

    static double[][] Copy(double[][] rows) => [.. rows.Select(r => (double[])r.Clone())];
}
