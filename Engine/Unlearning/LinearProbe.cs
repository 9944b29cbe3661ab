using MathNet.Numerics.LinearAlgebra;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// How well a class can be read out of features by a linear rule: ridge regression of "is it this class" with both sides
/// weighted alike, fitted to four fifths of the images and judged on the last, five times over.
/// </summary>
static class LinearProbe
{
    /// <summary>Parts that the images are dealt out to.</summary>
    public const int Folds = 5;

    const double Ridge = 1e-4;

    /// <summary>Balanced accuracy, the mean of the shares of both sides that are told right; 0.5 is chance.</summary>
    /// <param name="features">Features [images][C].</param>
    /// <param name="isClass">Which images are of the class, at least <see cref="Folds"/> of them and of the others.</param>
    public static double BalancedAccuracy(float[][] features, IReadOnlyList<bool> isClass)
    {
        var (scale, folds) = (Spread(features), Stratified(isClass));
        // Every fold's sums once; a rule is fitted to those of the other folds.
        var sums = Enumerable.Range(0, Folds).Select(f => Sums(features, isClass, scale, [.. Enumerable.Range(0, folds.Length).Where(i => folds[i] == f)])).ToArray();
        var (right, seen) = (new double[2], new double[2]);
        for (var fold = 0; fold < Folds; fold++)
        {
            var weights = Rule([.. sums.Where((_, f) => f != fold)]);
            for (var i = 0; i < features.Length; i++)
            {
                if (folds[i] != fold) continue;
                var side = isClass[i] ? 1 : 0;
                var value = weights[^1];
                for (var k = 0; k < scale.Length; k++) value += weights[k] * features[i][k] / scale[k];
                seen[side]++;
                if (value > 0 == isClass[i]) right[side]++;
            }
        }
        return (right[0] / seen[0] + right[1] / seen[1]) / 2;
    }

    // Gram matrices of both sides' features with a trailing 1.
    static Matrix<double>[] Sums(float[][] features, IReadOnlyList<bool> isClass, double[] scale, int[] images) => [.. ((bool[])[false, true]).Select(side =>
    {
        var own = images.Where(i => isClass[i] == side).ToArray();
        var rows = Matrix<double>.Build.Dense(own.Length, scale.Length + 1, (n, k) => k < scale.Length ? features[own[n]][k] / scale[k] : 1);
        return rows.TransposeThisAndMultiply(rows);
    })];

    static double[] Rule(Matrix<double>[][] parts)
    {
        var sides = Enumerable.Range(0, 2).Select(side => parts.Select(p => p[side]).Aggregate((a, b) => a + b)).ToArray();
        var size = sides[0].RowCount - 1;
        // Both sides weigh 1; answers are -1 and 1.
        var (others, own) = (sides[0] / sides[0][size, size], sides[1] / sides[1][size, size]);
        var gram = others + own;
        for (var k = 0; k < size; k++) gram[k, k] += Ridge * gram[size, size];
        return gram.Cholesky().Solve(own.Column(size) - others.Column(size)).ToArray();
    }

    // The images of each side dealt out to the folds in random order, since data sets are often sorted.
    static int[] Stratified(IReadOnlyList<bool> isClass)
    {
        var folds = new int[isClass.Count];
        foreach (var side in (bool[])[false, true])
        {
            var own = Enumerable.Range(0, folds.Length).Where(i => isClass[i] == side).ToArray();
            new Philox4x32(0, 0).Shuffle<int>(own);
            for (var n = 0; n < own.Length; n++) folds[own[n]] = n % Folds;
        }
        return folds;
    }

    // Standard deviation of every feature, 1 for those that are constant.
    static double[] Spread(float[][] features) => [.. Enumerable.Range(0, features[0].Length).Select(k =>
    {
        var mean = features.Average(f => (double)f[k]);
        var deviation = Math.Sqrt(features.Average(f => (f[k] - mean) * (f[k] - mean)));
        return deviation > 1e-12 ? deviation : 1;
    })];
}
