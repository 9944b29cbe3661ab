using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// The normal equations of a ridge regression, W (G + lambda I) = C + lambda P on centred sums: what does not depend on lambda is
/// computed once, since it costs as much as a factor.
/// </summary>
sealed class RidgeSystem
{
    // Outputs that share each pass over the Gram matrix, which does not fit a cache.
    const int Together = 8;

    readonly GramSums _sums;
    readonly bool _hasBias;
    readonly double[,]? _prior;
    readonly int[] _outputs;
    readonly double[][] _gram;
    readonly double[][] _sides;

    /// <summary>Sets the equations up.</summary>
    /// <param name="sums">Sums of one group.</param>
    /// <param name="hasBias">False fits without a constant term, from uncentred sums.</param>
    /// <param name="prior">Weights [m, k] that the ridge pulls towards; null: zero.</param>
    /// <param name="outputs">The outputs that are fitted.</param>
    public RidgeSystem(GramSums sums, bool hasBias, double[,]? prior, int[] outputs)
    {
        (_sums, _hasBias, _prior, _outputs) = (sums, hasBias, prior, outputs);
        _gram = LeastSquares.CentredGram(sums, hasBias);
        _sides = new double[outputs.Length][];
        var k = sums.Rows;
        InBlocks((from, to) =>
        {
            for (var at = from; at < to; at++) _sides[at] = [.. Enumerable.Range(0, k).Select(i => CentredCross(outputs[at], i))];
            if (prior is null) return;
            for (var j = 0; j < k; j++)
                for (var at = from; at < to; at++) TensorPrimitives.MultiplyAdd(_gram[j], -prior[outputs[at], j], _sides[at], _sides[at]);
        });
    }

    /// <summary>Weights [outputs, k] and bias [outputs] with a ridge, relative to the mean diagonal of G.</summary>
    public (double[,] Weights, double[] Bias) Solve(double ridge)
    {
        var (k, m) = (_sums.Rows, _outputs.Length);
        var solution = Array.ConvertAll(_sides, side => (double[])side.Clone());
        RidgeFactor.Of(Array.ConvertAll(_gram, row => (double[])row.Clone()), ridge, LeastSquares.Noise(_sums)).Solve(solution);
        var weights = new double[m, k];
        var bias = new double[m];
        for (var at = 0; at < m; at++)
        {
            var o = _outputs[at];
            var b = _hasBias ? _sums.Cross[o * (k + 1) + k] / _sums.Count : 0;
            for (var i = 0; i < k; i++)
            {
                weights[at, i] = solution[at][i] + (_prior?[o, i] ?? 0);
                if (_hasBias) b -= weights[at, i] * _sums.Gram[k * (k + 1) + i] / _sums.Count;
            }
            bias[at] = b;
        }
        return (weights, bias);
    }

    /// <summary>Sum of squared errors that weights fitted to other data make on these sums.</summary>
    /// <param name="fit">Weights [outputs, k] and bias [outputs].</param>
    public double Error((double[,] Weights, double[] Bias) fit)
    {
        var k = _sums.Rows;
        var errors = new double[_outputs.Length];
        InBlocks((from, to) =>
        {
            var weights = new double[to - from][];
            for (var at = from; at < to; at++)
            {
                weights[at - from] = [.. Enumerable.Range(0, k).Select(i => fit.Weights[at, i]), fit.Bias[at]];
                errors[at] = _sums.Power[_outputs[at]];
            }
            for (var i = 0; i <= k; i++)
                for (var at = from; at < to; at++)
                {
                    var w = weights[at - from];
                    errors[at] += w[i] * (TensorPrimitives.Dot(_sums.Gram.AsSpan(i * (k + 1), k + 1), w) - 2 * _sums.Cross[_outputs[at] * (k + 1) + i]);
                }
        });
        return errors.Sum();
    }

    double CentredCross(int o, int i)
    {
        var (k, n) = (_sums.Rows, _sums.Count);
        return _sums.Cross[o * (k + 1) + i] / n - (_hasBias ? _sums.Cross[o * (k + 1) + k] / n * (_sums.Gram[k * (k + 1) + i] / n) : 0);
    }

    void InBlocks(Action<int, int> work) =>
        ThreadedLoop.For(0, (_outputs.Length + Together - 1) / Together, b => work(b * Together, Math.Min(_outputs.Length, (b + 1) * Together)));
}
