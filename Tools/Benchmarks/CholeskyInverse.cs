using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.LinearAlgebra;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Benchmarks;

/// <summary>Inverse of a positive definite matrix by our Cholesky factor and by that of MathNet.Numerics, timed in turns.</summary>
static class CholeskyInverse
{
    const int Runs = 5;

    /// <summary>Runs: sizes.</summary>
    public static int Run(string[] args)
    {
        Console.WriteLine("| rows | ours, s | MathNet, s | ratio, median of 5 (least - most) | largest difference |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var size in args[0].Split(',').Select(s => int.Parse(s, CultureInfo.InvariantCulture)))
        {
            var gram = Gram(size);
            var runs = Enumerable.Range(0, Runs).Select(_ => Once(gram)).ToArray();
            var ratios = runs.Select(r => r.MathNet / r.Ours).Order().ToArray();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {size} | {runs.Min(r => r.Ours):F3} | {runs.Min(r => r.MathNet):F3} | {ratios[Runs / 2]:F1} ({ratios[0]:F1} - {ratios[^1]:F1}) | {runs[0].Difference:0.0e0} |"));
        }
        return 0;
    }

    static (double Ours, double MathNet, double Difference) Once(double[][] gram)
    {
        var copy = Array.ConvertAll(gram, r => (double[])r.Clone());
        var watch = Stopwatch.StartNew();
        var ours = CholeskyFactor.Of(copy)!.Inverse();
        var first = watch.Elapsed.TotalSeconds;
        watch.Restart();
        var theirs = Matrix<double>.Build.DenseOfRowArrays(gram).Cholesky().Solve(Matrix<double>.Build.DenseIdentity(gram.Length));
        var second = watch.Elapsed.TotalSeconds;
        // Ours keeps the upper triangle, row by row from the diagonal.
        var difference = Enumerable.Range(0, gram.Length).Max(c => Enumerable.Range(c, gram.Length - c).Max(j => Math.Abs(ours[c][j - c] - theirs[c, j])));
        return (first, second, difference);
    }

    // X X' / n + I / 100, with X Gaussian, rows x 2 rows.
    static double[][] Gram(int size)
    {
        var random = new Philox4x32(0, 0);
        var x = Matrix<double>.Build.Dense(size, 2 * size, (_, _) => random.NextGaussian());
        return (x.TransposeAndMultiply(x) / (2 * size) + Matrix<double>.Build.DenseIdentity(size) / 100).ToRowArrays();
    }
}
