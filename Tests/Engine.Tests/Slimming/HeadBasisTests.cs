using OnnxEdit.Engine.Refit;
using OnnxEdit.Kernels.RandomNumbers;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>A head's dimensions written in the basis that loses least.</summary>
public sealed class HeadBasisTests
{
    const int Size = 5;

    // Rows of random numbers, the dimensions of different spread.
    static double[][] Samples(ulong stream, int count)
    {
        var random = new Philox4x32(7, stream);
        var mix = Enumerable.Range(0, Size).Select(_ => Enumerable.Range(0, Size).Select(_ => random.NextDouble() - 0.5).ToArray()).ToArray();
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var raw = Enumerable.Range(0, Size).Select(d => (random.NextDouble() - 0.5) * (d + 1)).ToArray();
            return mix.Select(row => row.Zip(raw, (m, r) => m * r).Sum()).ToArray();
        })];
    }

    static double[][] Gram(double[][] samples) =>
        [.. Enumerable.Range(0, Size).Select(i => Enumerable.Range(0, Size).Select(j => samples.Sum(s => s[i] * s[j])).ToArray())];

    // Squared error of all products of a query and a key when both are mapped.
    static double Error(double[][] keys, double[][] queries, float[][] keyMap, float[][] queryMap) => queries.Sum(q => keys.Sum(k =>
    {
        var exact = q.Zip(k, (a, b) => a * b).Sum();
        var mapped = keyMap.Select((row, r) => row.Zip(k, (m, x) => m * x).Sum() * queryMap[r].Zip(q, (m, x) => m * x).Sum()).Sum();
        return (exact - mapped) * (exact - mapped);
    }));

    [Fact]
    public void Error_of_the_products_is_the_one_that_is_announced()
    {
        var (keys, queries) = (Samples(1, 40), Samples(2, 30));
        var basis = new HeadBasis(Gram(keys), Gram(queries));
        var total = basis.Lost(Size);
        for (var rank = 1; rank <= Size; rank++)
        {
            var map = basis.Map(rank);
            var error = Error(keys, queries, map, ScoreFit.Queries([(Gram(keys), map)]));
            Assert.Equal(basis.Lost(Size - rank) / total, error / total, 2e-3);
        }
    }

    [Fact]
    public void No_choice_of_dimensions_loses_less()
    {
        var (keys, queries) = (Samples(3, 40), Samples(4, 30));
        var (gram, basis) = (Gram(keys), new HeadBasis(Gram(keys), Gram(queries)));
        for (var a = 0; a < Size; a++)
            for (var b = 0; b < a; b++)
            {
                var map = ScoreFit.Selection([b, a], Size);
                Assert.True(basis.Lost(Size - 2) < Error(keys, queries, map, ScoreFit.Queries([(gram, map)])));
            }
    }

    [Fact]
    public void With_all_dimensions_left_nothing_changes()
    {
        var map = new HeadBasis(Gram(Samples(5, 20)), Gram(Samples(6, 20))).Map(Size);
        for (var i = 0; i < Size; i++)
            for (var j = 0; j < Size; j++) Assert.Equal(i == j ? 1 : 0, map[i][j]);
    }
}
