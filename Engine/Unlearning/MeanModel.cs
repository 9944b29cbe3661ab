using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Statistics;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// Mean features of a class at weights that were never run, from its sums alone: to first order from the mean and the
/// derivative at the original weights, which the sums give exactly - all there is where there is no activation. What a Relu
/// adds beyond that is taken from a Gaussian with the class's moments, E max(y, 0) = m Phi(m/s) + s phi(m/s).
/// </summary>
sealed class MeanModel
{
    readonly FeatureSums _sums;
    readonly int _class;
    readonly bool _hasRelu;
    readonly double[,] _weights;
    readonly double[] _bias;
    readonly double[] _mean;
    readonly double[][] _covariance;
    readonly GramSums _grams;

    /// <summary>A model of one class.</summary>
    /// <param name="sums">Sums of all classes.</param>
    /// <param name="grams">The class's own, unpacked.</param>
    /// <param name="class">The class.</param>
    /// <param name="hasRelu">Whether a Relu stands before the mean.</param>
    /// <param name="weights">Original weights in patch order, [C, k].</param>
    /// <param name="bias">Original constant terms.</param>
    public MeanModel(FeatureSums sums, GramSums grams, int @class, bool hasRelu, double[,] weights, double[] bias)
    {
        (_sums, _grams, _class, _hasRelu, _weights, _bias) = (sums, grams, @class, hasRelu, weights, bias);
        _mean = [.. Enumerable.Range(0, grams.Rows).Select(i => grams.Gram[grams.Rows * (grams.Rows + 1) + i] / grams.Count)];
        _covariance = hasRelu ? LeastSquares.CentredGram(grams, true) : [];
    }

    /// <summary>Number of positions summed.</summary>
    public double Count => _grams.Count;

    /// <summary>Mean features and their derivatives at some weights.</summary>
    public MeanMatch.Means At(double[,] weights, double[] bias)
    {
        var (channels, rows) = (_grams.Outputs, _grams.Rows);
        var features = new double[channels];
        var derivatives = new double[channels][];
        ThreadedLoop.For(0, channels, k =>
        {
            double[] step = [.. Enumerable.Range(0, rows).Select(i => weights[k, i] - _weights[k, i])];
            var shift = bias[k] - _bias[k] + Dot(step, _mean);
            features[k] = _sums.Features[_class * channels + k] / Count;
            derivatives[k] = [.. _sums.ActiveOf(_class, k).ToArray().Select(v => v / Count)];
            var straight = Dot(step, derivatives[k].AsSpan(0, rows).ToArray()) + derivatives[k][rows] * (bias[k] - _bias[k]);
            if (!_hasRelu)
            {
                features[k] += straight;
                return;
            }
            var mean = _grams.Cross[k * (rows + 1) + rows] / Count;
            double[] cross = [.. Enumerable.Range(0, rows).Select(i => _grams.Cross[k * (rows + 1) + i] / Count - mean * _mean[i])];
            double[] moved = [.. Enumerable.Range(0, rows).Select(i => cross[i] + System.Numerics.Tensors.TensorPrimitives.Dot<double>(_covariance[i], step))];
            var variance = _grams.Variance(k);
            var (before, after) = (new Rectified(mean, variance), new Rectified(mean + shift, variance + Dot(step, cross) + Dot(step, moved)));
            features[k] = Math.Max(0, features[k] + straight + after.Mean - before.Mean - before.Active * shift - before.Density * Dot(step, cross));
            for (var i = 0; i < rows; i++)
                derivatives[k][i] += after.Active * _mean[i] + after.Density * moved[i] - before.Active * _mean[i] - before.Density * cross[i];
            derivatives[k][rows] = Math.Clamp(derivatives[k][rows] + after.Active - before.Active, 0, 1);
        });
        return new MeanMatch.Means(features, derivatives);
    }

    /// <summary>Means of several classes together.</summary>
    public static MeanMatch.Means Together(IReadOnlyList<MeanModel> classes, double[,] weights, double[] bias)
    {
        var parts = classes.Select(c => (c.Count, Means: c.At(weights, bias))).ToArray();
        var total = parts.Sum(p => p.Count);
        double Average(Func<MeanMatch.Means, double> value) => parts.Sum(p => p.Count * value(p.Means)) / total;
        var derivatives = new double[bias.Length][];
        ThreadedLoop.For(0, bias.Length, k => derivatives[k] = [.. Enumerable.Range(0, weights.GetLength(1) + 1).Select(i => Average(m => m.Derivatives[k][i]))]);
        return new MeanMatch.Means([.. Enumerable.Range(0, bias.Length).Select(k => Average(m => m.Features[k]))], derivatives);
    }

    static double Dot(double[] a, double[] b) => System.Numerics.Tensors.TensorPrimitives.Dot<double>(a, b);

    // A Gaussian behind a Relu: its mean, how often it is above zero, and its density at zero, which is dP(y > 0)/dm.
    readonly record struct Rectified
    {
        public Rectified(double mean, double variance)
        {
            var s = Math.Sqrt(Math.Max(variance, 1e-12 * (1 + mean * mean)));
            var density = MathNet.Numerics.Distributions.Normal.PDF(0, 1, mean / s);
            Active = MathNet.Numerics.Distributions.Normal.CDF(0, 1, mean / s);
            (Mean, Density) = (mean * Active + s * density, density / s);
        }

        public double Mean { get; }

        public double Active { get; }

        public double Density { get; }
    }
}
