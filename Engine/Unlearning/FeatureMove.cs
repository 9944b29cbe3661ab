using MathNet.Numerics.LinearAlgebra;

namespace OnnxEdit.Engine;

/// <summary>
/// Where the features of an image of a forgotten class should lie: without what tells the class from the others - along
/// the difference of class means, as much as the image shows of it by linear discriminant analysis - and then moved by the
/// shortest way until the class's logit is a margin below the best class that stays.
/// </summary>
sealed class FeatureMove
{
    /// <summary>Ridge of the covariance, relative to its mean diagonal.</summary>
    const double Ridge = 1e-3;

    const int Steps = 40;

    readonly FeatureStage _stage;
    readonly int[] _forgotten;
    readonly double[] _retainedMean;
    readonly Dictionary<int, (double[] Difference, double[] Score)> _evidence = [];

    /// <summary>Measures means and covariance.</summary>
    /// <param name="stage">The end of the body.</param>
    /// <param name="retained">Features of images of the classes that stay.</param>
    /// <param name="forgotten">Features of images of each class to forget.</param>
    public FeatureMove(FeatureStage stage, float[][] retained, IReadOnlyDictionary<int, float[][]> forgotten)
    {
        (_stage, _forgotten) = (stage, [.. forgotten.Keys]);
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
        double[] moved = [.. features.Select((f, k) => Floor(f - shown * difference[k]))];
        for (var step = 0; step < Steps; step++)
        {
            var logits = Logits(moved);
            var worst = _forgotten.MaxBy(c => logits[c]);
            var best = Enumerable.Range(0, logits.Length).Where(c => !_forgotten.Contains(c)).MaxBy(c => logits[c]);
            var gap = logits[worst] - logits[best] + margin;
            if (gap <= 1e-6) break;
            // Features that a Relu makes cannot go below zero; the others take over.
            var direction = Enumerable.Range(0, moved.Length).Select(k => (double)_stage.Weights[worst, k] - _stage.Weights[best, k])
                .Select((d, k) => _stage.HasRelu && d > 0 && moved[k] <= 0 ? 0 : d).ToArray();
            var length = direction.Sum(d => d * d);
            if (length < 1e-12) break;
            for (var k = 0; k < moved.Length; k++) moved[k] = Floor(moved[k] - gap / length * direction[k]);
        }
        return moved;
    }

    double Floor(double feature) => _stage.HasRelu ? Math.Max(0, feature) : feature;

    /// <summary>Logits of some features.</summary>
    public double[] Logits(IReadOnlyList<double> features) => [.. Enumerable.Range(0, _stage.Classes).Select(c =>
        _stage.Bias[c] + Enumerable.Range(0, features.Count).Sum(k => _stage.Weights[c, k] * features[k]))];

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
