using MathNet.Numerics.LinearAlgebra;
using OnnxEdit.Engine.Refit;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// Where the features of an image of a forgotten class should lie: without what tells the class from the others - along
/// the difference of class means, as much as the image shows of it by linear discriminant analysis - and then moved by the
/// shortest way until the class's logit is a margin below the best class that stays.
/// </summary>
sealed class FeatureMove
{
    /// <summary>Ridge of the covariance, relative to its mean diagonal.</summary>
    const double Ridge = 1e-3;

    readonly LogitMargin _margin;
    readonly double[] _retainedMean;
    readonly Dictionary<int, (double[] Difference, double[] Score)> _evidence = [];

    /// <summary>Measures means and covariance.</summary>
    /// <param name="stage">The end of the body.</param>
    /// <param name="retained">Features of images of the classes that stay.</param>
    /// <param name="forgotten">Features of images of each class to forget.</param>
    public FeatureMove(FeatureStage stage, float[][] retained, IReadOnlyDictionary<int, float[][]> forgotten)
    {
        _margin = new LogitMargin(stage, [.. forgotten.Keys]);
        _retainedMean = Mean(retained);
        foreach (var (c, features) in forgotten)
        {
            var difference = Vector<double>.Build.DenseOfEnumerable(Mean(features).Zip(_retainedMean, (a, b) => a - b));
            var solved = Covariance([.. retained, .. features]).Cholesky().Solve(difference);
            var scale = difference * solved;
            _evidence[c] = (difference.ToArray(), scale > 0 ? (solved / scale).ToArray() : new double[difference.Count]);
        }
    }

    /// <summary>The features to aim at.</summary>
    /// <param name="features">Those of the original.</param>
    /// <param name="class">Class of the image.</param>
    /// <param name="margin">Distance of the logits of forgotten classes below the best other, in logits.</param>
    public double[] Of(float[] features, int @class, double margin)
    {
        var (difference, score) = _evidence[@class];
        var shown = Enumerable.Range(0, features.Length).Sum(k => score[k] * (features[k] - _retainedMean[k]));
        double[] moved = [.. features.Select((f, k) => f - shown * difference[k])];
        _margin.Move(moved, margin);
        return moved;
    }

    /// <summary>How far the largest logit of some features is from the next.</summary>
    public double Lead(float[] features) => _margin.Lead(Array.ConvertAll(features, f => (double)f));

    /// <summary>Logits of some features.</summary>
    public double[] Logits(IReadOnlyList<double> features) => _margin.Logits(features);

    static double[] Mean(float[][] rows) => [.. Enumerable.Range(0, rows[0].Length).Select(k => rows.Average(r => (double)r[k]))];

    static Matrix<double> Covariance(float[][] rows)
    {
        var mean = Mean(rows);
        var centred = Matrix<double>.Build.Dense(rows.Length, mean.Length, (i, k) => rows[i][k] - mean[k]);
        var covariance = centred.TransposeThisAndMultiply(centred) / rows.Length;
        var ridge = Math.Max(Ridge * covariance.Diagonal().Average(), 1e-12);
        for (var k = 0; k < mean.Length; k++) covariance[k, k] += ridge;
        return covariance;
    }
}
