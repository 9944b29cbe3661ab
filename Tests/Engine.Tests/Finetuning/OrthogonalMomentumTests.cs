using OnnxEdit.Engine.Training.Rules;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class OrthogonalMomentumTests
{
    [Theory]
    [InlineData(4, 9)]
    [InlineData(9, 4)]
    [InlineData(16, 16)]
    public void Singular_vectors_stay_and_singular_values_come_near_one(int rows, int columns)
    {
        var (rank, random) = (Math.Min(rows, columns), new Random(1));
        var (left, right) = (Orthonormal(rank, rows, random), Orthonormal(rank, columns, random));
        var matrix = new float[rows * columns];
        // Singular values from 1 down to a twentieth.
        for (var k = 0; k < rank; k++)
            for (var i = 0; i < rows; i++)
                for (var j = 0; j < columns; j++) matrix[i * columns + j] += (float)(Math.Pow(0.05, (double)k / (rank - 1)) * left[k][i] * right[k][j]);
        Orthogonal.Approach(matrix, rows);
        for (var k = 0; k < rank; k++)
            for (var l = 0; l < rank; l++)
            {
                var found = 0.0;
                for (var i = 0; i < rows; i++)
                    for (var j = 0; j < columns; j++) found += left[k][i] * matrix[i * columns + j] * right[l][j];
                if (k == l) Assert.InRange(found, 0.65, 1.25);
                else Assert.Equal(0, found, 1e-4);
            }
    }

    [Fact]
    public void A_matrix_moves_by_a_share_of_its_length_and_a_vector_as_adam_moves_it()
    {
        TrainedWeight[] weights = [new("matrix", [70, 4, 2, 2], [.. Enumerable.Range(0, 70 * 16).Select(i => i % 7 - 3f)]), new("vector", [2], [1, 1])];
        var rule = new OrthogonalMomentum(weights) { StepSize = 0.01 };
        rule.Begin(1);
        var before = (float[])weights[0].Values.Clone();
        rule.Update(0, weights[0].Values, [.. before.Select((_, i) => MathF.Sin(i))]);
        rule.Update(1, weights[1].Values, [5, -0.1f]);
        var moved = Math.Sqrt(before.Zip(weights[0].Values, (a, b) => (double)(a - b) * (a - b)).Sum());
        Assert.Equal(0.01 * Math.Sqrt(before.Sum(v => v * v)), moved, 1e-4);
        Assert.Equal(0.999f, weights[1].Values[0], 1e-6f);
        Assert.Equal(1.001f, weights[1].Values[1], 1e-6f);
    }

    [Fact]
    public void No_gradient_leaves_weights_alone()
    {
        TrainedWeight[] weights = [new("matrix", [2, 16], [.. Enumerable.Range(0, 32)])];
        var rule = new OrthogonalMomentum(weights) { StepSize = 0.01 };
        rule.Begin(0);
        rule.Update(0, weights[0].Values, new float[32]);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (float)i), weights[0].Values);
    }

    // Random vectors of length 1, each at right angles to those before it.
    static double[][] Orthonormal(int count, int length, Random random)
    {
        var vectors = new double[count][];
        for (var k = 0; k < count; k++)
        {
            var v = vectors[k] = [.. Enumerable.Range(0, length).Select(_ => random.NextDouble() - 0.5)];
            foreach (var u in vectors[..k])
            {
                var dot = u.Zip(v, (a, b) => a * b).Sum();
                for (var i = 0; i < length; i++) v[i] -= dot * u[i];
            }
            var norm = Math.Sqrt(v.Sum(x => x * x));
            for (var i = 0; i < length; i++) v[i] /= norm;
        }
        return vectors;
    }
}
