using MathNet.Numerics.LinearAlgebra.Double;
using OnnxEdit.Engine.Refit;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class CholeskyFactorTests
{
    // 97 and 200 are no multiples of the block of 48 columns, and more than one block.
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(48)]
    [InlineData(97)]
    [InlineData(200)]
    public void Solutions_and_inverse_agree_with_MathNet(int k)
    {
        var numbers = new SeededNumbers(k);
        var gram = numbers.Gram(k);
        var sides = numbers.Matrix(3, k);
        var reference = DenseMatrix.OfRowArrays(gram).Cholesky();
        var factor = CholeskyFactor.Of(gram)!;
        var solved = sides.Select(s => (double[])s.Clone()).ToArray();
        factor.Solve(solved);
        for (var s = 0; s < sides.Length; s++) Close(reference.Solve(DenseVector.OfArray(sides[s])).AsArray(), solved[s]);
        var inverse = factor.Inverse();
        var expected = reference.Solve(DenseMatrix.CreateIdentity(k));
        for (var i = 0; i < k; i++) Close([.. expected.Row(i).Skip(i)], inverse[i]);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(double.NaN, 0)]
    public void A_matrix_that_is_not_positive_definite_has_no_factor(double diagonal, double other) =>
        Assert.Null(CholeskyFactor.Of([[diagonal, other], [other, 1]]));

    [Fact]
    public void Rounding_that_leaves_a_negative_variance_is_outweighed_by_the_ridge()
    {
        var solved = new double[][] { [1, 1] };
        RidgeFactor.Of([[1, 1.001], [1.001, 1]], 1e-4).Solve(solved);
        Assert.All(solved[0], x => Assert.InRange(x, 0.45, 0.5));
        Assert.Throws<OnnxEngineException>(() => RidgeFactor.Of([[double.NaN, 0], [0, 1]], 1e-4));
    }

    static void Close(double[] expected, double[] actual)
    {
        var scale = expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-9 * scale));
    }
}
