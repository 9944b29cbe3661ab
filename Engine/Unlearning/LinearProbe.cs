using MathNet.Numerics.LinearAlgebra;
using OnnxEdit.Kernels;

namespace OnnxEdit.Engine;

/// <summary>
/// How well a class can be read out of features by a linear rule: ridge regression of "is it this class" with both sides
/// weighted alike, fitted to four fifths of the images and judged on the last, five times over.
/// </summary>
static class LinearProbe
{
    const int Folds = 5;
    const double Ridge = 1e-4;

    /// <summary>Balanced accuracy, the mean of the shares of both sides that are told right; 0.5 is chance.</summary>
    /// <param name="features">Features [images][C].</param>
    /// <param name="isClass">Which images are of the class.</param>
    public static double BalancedAccuracy(float[][] features, IReadOnlyList<bool> isClass)
    {
        var size = features[0].Length;
        var (scale, folds) = (Spread(features), Stratified(isClass));
        var (right, seen) = (new double[2], new double[2]);
        for (var fold = 0; fold < Folds; fold++)
        {
            var train = Enumerable.Range(0, features.Length).Where(i => folds[i] != fold).ToArray();
            var counts = (int[])[train.Count(i => !isClass[i]), train.Count(i => isClass[i])];
            var rows = Matrix<double>.Build.Dense(train.Length, size + 1, (n, k) =>
                (k < size ? features[train[n]][k] / scale[k] : 1) / Math.Sqrt(counts[isClass[train[n]] ? 1 : 0]));
            var answers = Vector<double>.Build.Dense(train.Length, n => (isClass[train[n]] ? 1 : -1) / Math.Sqrt(counts[isClass[train[n]] ? 1 : 0]));
            var gram = rows.TransposeThisAndMultiply(rows);
            for (var k = 0; k < size; k++) gram[k, k] += Ridge * gram[size, size];
            var weights = gram.Cholesky().Solve(rows.TransposeThisAndMultiply(answers));
            for (var i = 0; i < features.Length; i++)
            {
                if (folds[i] != fold) continue;
                var side = isClass[i] ? 1 : 0;
                var value = weights[size];
                for (var k = 0; k < size; k++) value += weights[k] * features[i][k] / scale[k];
                seen[side]++;
                if (value > 0 == isClass[i]) right[side]++;
            }
        }
        return (right[0] / seen[0] + right[1] / seen[1]) / 2;
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
