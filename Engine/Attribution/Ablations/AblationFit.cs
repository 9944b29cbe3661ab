using System.Numerics.Tensors;
using OnnxEdit.Engine.Refit;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>
/// Ridge regression of answers on ablations, for all examples with one Cholesky factor: w = p + (G + lambda I)^-1 (c - G p),
/// where p is what is known beforehand (zeros, or mask gradients). The ridge is chosen on masks that were held out.
/// Ordinary least squares, the published estimator (Shah et al., 2024, section 3), is lambda = 0 and p = 0.
/// </summary>
static class AblationFit
{
    // Relative to the mean diagonal of G.
    static readonly double[] _ridges = [0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.2, 2, 3.5, 6, 12, 25, 60];

    /// <summary>Coefficients of ablations, [d][n], and the ridge that was chosen, relative to the mean diagonal of G.</summary>
    /// <param name="train">Masks to fit to.</param>
    /// <param name="held">Masks to choose the ridge on, added to the others afterwards; null: no ridge.</param>
    /// <param name="prior">What is known beforehand, [d][n], or null.</param>
    public static (double[][] Coefficients, double Ridge) Solve(AblationSums train, AblationSums? held, double[][]? prior)
    {
        if (held is null || held.Count < 2) return (Solve(new AblationMoments(train), prior, 0), 0);
        var (fit, check) = (new AblationMoments(train), new AblationMoments(held));
        var best = _ridges.Select(r => (Ridge: r, Error: Relative(check, Solve(fit, prior, r)))).MinBy(t => t.Error).Ridge;
        // With more masks the same noise needs less of a ridge.
        var all = AblationSums.Of(train, held);
        var ridge = best * train.Count / all.Count;
        return (Solve(new AblationMoments(all), prior, ridge), ridge);
    }

    /// <summary>Coefficients for a given ridge, relative to the mean diagonal of G.</summary>
    public static double[][] Solve(AblationMoments moments, double[][]? prior, double ridge)
    {
        var (d, n) = (moments.Gram.Length, moments.Mean.Length);
        var known = prior is null ? null : moments.Times(prior);
        // Right-hand sides by example, as the factor takes them.
        var sides = new double[n][];
        ThreadedLoop.For(0, n, e => sides[e] = [.. Enumerable.Range(0, d).Select(j => moments.Cross[j][e] - (known?[j][e] ?? 0))]);
        double[][] gram = [.. moments.Gram.Select(row => (double[])row.Clone())];
        RidgeFactor.Of(gram, ridge, 1e-9).Solve(sides);
        var result = new double[d][];
        ThreadedLoop.For(0, d, j => result[j] = [.. Enumerable.Range(0, n).Select(e => sides[e][j] + (prior?[j][e] ?? 0))]);
        return result;
    }

    /// <summary>
    /// Scales what is known beforehand, in place, so that it predicts ablations best: one factor for all. Scores that hold noise
    /// promise too much.
    /// </summary>
    public static void Scale(double[][] prior, AblationMoments moments)
    {
        var product = moments.Times(prior);
        var (explained, own) = (0.0, 0.0);
        for (var j = 0; j < prior.Length; j++)
        {
            explained += TensorPrimitives.Dot<double>(prior[j], moments.Cross[j]);
            own += TensorPrimitives.Dot<double>(prior[j], product[j]);
        }
        if (own <= 0) return;
        foreach (var row in prior) TensorPrimitives.Multiply(row, Math.Max(0, explained / own), row);
    }

    /// <summary>Standard errors of the coefficients, [d][n], from what the fit leaves unexplained and the factor's inverse.</summary>
    public static double[][] StandardErrors(AblationMoments moments, double[][] coefficients, double ridge)
    {
        double[][] gram = [.. moments.Gram.Select(row => (double[])row.Clone())];
        var inverse = RidgeFactor.Of(gram, ridge, 1e-9).Inverse();
        double[] noise = [.. moments.Errors(coefficients).Select(e => Math.Sqrt(Math.Max(0, e) / moments.Count))];
        return [.. inverse.Select(row => noise.Select(n => n * Math.Sqrt(row[0])).ToArray())];
    }

    // Examples whose answers hardly move do not count less than others.
    static double Relative(AblationMoments check, double[][] coefficients) =>
        check.Errors(coefficients).Zip(check.Variance, (error, variance) => error / Math.Max(variance, 1e-12)).Average();
}
