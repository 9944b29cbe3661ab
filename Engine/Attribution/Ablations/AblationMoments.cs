using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>
/// Covariances of ablations and answers over masks, from their sums. Intercepts are thereby free.
/// </summary>
sealed class AblationMoments
{
    /// <summary>Centres sums.</summary>
    /// <param name="sums">At least two masks.</param>
    public AblationMoments(AblationSums sums)
    {
        var (d, n, count) = (sums.Components, sums.Examples, (double)sums.Count);
        Count = sums.Count;
        Share = [.. sums.Together.Select((row, j) => row[j] / count)];
        Mean = [.. sums.Sum.Select(s => s / count)];
        Gram = new double[d][];
        Cross = new double[d][];
        ThreadedLoop.For(0, d, j =>
        {
            var gram = Gram[j] = new double[d];
            for (var k = 0; k < d; k++) gram[k] = sums.Together[Math.Max(j, k)][Math.Min(j, k)] / count - Share[j] * Share[k];
            var cross = Cross[j] = new double[n];
            TensorPrimitives.Multiply(sums.Answers[j], 1 / count, cross);
            TensorPrimitives.MultiplyAdd(Mean, -Share[j], cross, cross);
        });
        Variance = [.. sums.Squares.Select((s, e) => Math.Max(0, s / count - Mean[e] * Mean[e]))];
    }

    /// <summary>Masks.</summary>
    public long Count { get; }

    /// <summary>How often each component was ablated, as a share, [d].</summary>
    public double[] Share { get; }

    /// <summary>Mean answers, [n].</summary>
    public double[] Mean { get; }

    /// <summary>Covariance of ablations, [d][d].</summary>
    public double[][] Gram { get; }

    /// <summary>Covariance of ablations and answers, [d][n].</summary>
    public double[][] Cross { get; }

    /// <summary>Variance of answers, [n].</summary>
    public double[] Variance { get; }

    /// <summary>Gram times coefficients, [d][n].</summary>
    public double[][] Times(double[][] coefficients)
    {
        var product = new double[Gram.Length][];
        ThreadedLoop.For(0, Gram.Length, j =>
        {
            var row = product[j] = new double[Mean.Length];
            for (var k = 0; k < Gram.Length; k++)
                if (Gram[j][k] != 0) TensorPrimitives.MultiplyAdd(coefficients[k], Gram[j][k], row, row);
        });
        return product;
    }

    /// <summary>Mean squared error of predictions for each example, [n]: variance - 2 w'c + w'Gw.</summary>
    public double[] Errors(double[][] coefficients)
    {
        var product = Times(coefficients);
        var errors = (double[])Variance.Clone();
        for (var j = 0; j < Gram.Length; j++)
            for (var e = 0; e < errors.Length; e++) errors[e] += coefficients[j][e] * (product[j][e] - 2 * Cross[j][e]);
        return errors;
    }
}
