using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Refit.Columns;

/// <summary>
/// Ridge regression from the columns themselves (dual form; Saunders, Gammerman and Vovk, 1998): with K = X'X / n over centred
/// patches, dW = R (K + lambda I)^-1 X' / n for the residual R of the weights that the ridge pulls towards. The same fit as
/// <see cref="LeastSquares"/> makes of Gram sums, in memory of rows x columns.
/// </summary>
sealed class ColumnFit
{
    /// <summary>Outputs fitted at once.</summary>
    const int Together = 512;

    const int OutputsForRidge = 64;

    readonly PatchColumns _columns;
    readonly float[,] _prior;
    readonly int _group;
    readonly PatchGraph _patches;
    readonly bool _hasBias;
    readonly double[][] _kernel;
    readonly double _noise;

    ColumnFit(PatchColumns columns, bool hasBias, float[,] prior, int group, PatchGraph patches)
    {
        (_columns, _hasBias, _prior, _group, _patches) = (columns, hasBias, prior, group, patches);
        _noise = LeastSquares.RelativeNoise * columns.Power;
        var n = columns.Count;
        _kernel = new double[n][];
        using var product = new MatrixProduct(isTurned: true);
        product.Run(columns.Patches, n, columns.Rows, columns.Patches, n, values =>
        {
            for (var i = 0; i < n; i++)
            {
                _kernel[i] = new double[n];
                for (var j = 0; j < n; j++) _kernel[i][j] = values[i * n + j];
            }
        });
    }

    /// <summary>Fits the weights of one group, as tightly held to the prior as makes each half of the columns predict the other best.</summary>
    /// <param name="columns">Its columns, centred.</param>
    /// <param name="hasBias">False fits without a constant term.</param>
    /// <param name="prior">Weights of the unit, in the file's order, that the ridge pulls towards.</param>
    /// <param name="weights">Receives the fit in the rows of the group.</param>
    /// <param name="bias">Receives the constant terms, of all outputs of the unit.</param>
    /// <param name="group">The group.</param>
    /// <param name="patches">Geometry of the unit.</param>
    /// <param name="ridge">The ridge, where it is known.</param>
    /// <returns>The ridge, relative to the mean variance of the rows.</returns>
    public static double Apply(
        PatchColumns columns, bool hasBias, float[,] prior, float[,] weights, float[] bias, int group, PatchGraph patches, double? ridge = null)
    {
        var fit = new ColumnFit(columns, hasBias, prior, group, patches);
        var best = ridge ?? fit.BestRidge();
        fit.Run(best, weights, bias);
        return best;
    }

    void Run(double ridge, float[,] weights, float[] bias)
    {
        var (n, k, m) = (_columns.Count, _columns.Rows, _columns.Outputs);
        var factor = Factor(_kernel, k, ridge);
        using MatrixProduct turned = new(isTurned: true), plain = new(isTurned: false);
        for (var first = 0; first < m; first += Together)
        {
            int[] outputs = [.. Enumerable.Range(first, Math.Min(Together, m - first))];
            var prior = Prior(outputs);
            var residuals = Residuals(turned, outputs, prior);
            var means = residuals.Select(r => _hasBias ? r.Average() : 0).ToArray();
            for (var o = 0; o < outputs.Length; o++)
                for (var c = 0; c < n; c++) residuals[o][c] = (residuals[o][c] - means[o]) / n;
            factor.Solve(residuals);
            var duals = new float[outputs.Length * n];
            for (var o = 0; o < outputs.Length; o++)
                for (var c = 0; c < n; c++) duals[o * n + c] = (float)residuals[o][c];
            plain.Run(duals, outputs.Length, n, _columns.Patches, k, step =>
            {
                for (var o = 0; o < outputs.Length; o++)
                {
                    var row = prior.AsSpan(o * k, k);
                    var shift = means[o];
                    for (var i = 0; i < k; i++)
                    {
                        row[i] += step[o * k + i];
                        shift -= row[i] * _columns.Mean[i];
                    }
                    PatchOrder.PutRow(row, weights, _group * m + outputs[o], _patches);
                    bias[_group * m + outputs[o]] = (float)shift;
                }
            });
        }
    }

    // Weights [outputs, k] before the fit.
    float[] Prior(int[] outputs)
    {
        var values = new float[outputs.Length * _columns.Rows];
        for (var o = 0; o < outputs.Length; o++) PatchOrder.GetRow(_prior, _group * _columns.Outputs + outputs[o], _patches, values.AsSpan(o * _columns.Rows, _columns.Rows));
        return values;
    }

    // What the prior leaves of the targets, without constant terms: [outputs][n].
    double[][] Residuals(MatrixProduct turned, int[] outputs, float[] prior)
    {
        var (n, k, m) = (_columns.Count, _columns.Rows, _columns.Outputs);
        var residuals = Array.ConvertAll(outputs, _ => new double[n]);
        turned.Run(_columns.Patches, n, k, prior, outputs.Length, answers =>
        {
            for (var c = 0; c < n; c++)
                for (var o = 0; o < outputs.Length; o++) residuals[o][c] = (double)_columns.Targets[c * m + outputs[o]] - answers[c * outputs.Length + o];
        });
        return residuals;
    }

    CholeskyFactor Factor(double[][] kernel, int rows, double ridge)
    {
        var n = kernel.Length;
        // Relative to the mean diagonal of the k x k matrix, whose trace is the same.
        return RidgeFactor.Of(Array.ConvertAll(kernel, row => Array.ConvertAll(row, v => v / n)), ridge * n / rows, _noise);
    }

    double BestRidge()
    {
        var halves = new[] { false, true }.Select(half => Enumerable.Range(0, _columns.Count).Where(c => _columns.IsInHalf(c) == half).ToArray()).ToArray();
        if (halves.Any(h => h.Length < 2)) return LeastSquares.Ridge;
        var stride = (_columns.Outputs + OutputsForRidge - 1) / OutputsForRidge;
        int[] outputs = [.. Enumerable.Range(0, _columns.Outputs).Where(o => o % stride == 0)];
        using var turned = new MatrixProduct(isTurned: true);
        var residuals = Residuals(turned, outputs, Prior(outputs));
        var (first, second) = (new Half(this, halves[0], halves[1], residuals), new Half(this, halves[1], halves[0], residuals));
        return LeastSquares.Downhill(ridge => first.Error(ridge) + second.Error(ridge));
    }

    // One half of the columns, centred on its own mean, and the other one seen from there.
    sealed class Half
    {
        readonly ColumnFit _fit;
        readonly double[][] _kernel;
        readonly double[][] _crossing;
        readonly double[][] _own;
        readonly double[][] _other;

        public Half(ColumnFit fit, int[] own, int[] other, double[][] residuals)
        {
            _fit = fit;
            var kernel = fit._kernel;
            var means = Array.ConvertAll(own, i => fit._hasBias ? own.Average(j => kernel[i][j]) : 0);
            var otherMeans = Array.ConvertAll(other, i => fit._hasBias ? own.Average(j => kernel[i][j]) : 0);
            var mean = fit._hasBias ? means.Average() : 0;
            _kernel = [.. own.Select((i, a) => own.Select((j, b) => kernel[i][j] - means[a] - means[b] + mean).ToArray())];
            _crossing = [.. other.Select((i, a) => own.Select((j, b) => kernel[i][j] - otherMeans[a] - means[b] + mean).ToArray())];
            var centres = Array.ConvertAll(residuals, r => fit._hasBias ? own.Average(i => r[i]) : 0);
            _own = [.. residuals.Select((r, o) => Array.ConvertAll(own, i => r[i] - centres[o]))];
            _other = [.. residuals.Select((r, o) => Array.ConvertAll(other, i => r[i] - centres[o]))];
        }

        // Squared error on the other half of the fit to this one.
        public double Error(double ridge)
        {
            var n = _kernel.Length;
            var duals = Array.ConvertAll(_own, r => Array.ConvertAll(r, v => v / n));
            _fit.Factor(_kernel, _fit._columns.Rows, ridge).Solve(duals);
            var errors = new double[duals.Length];
            ThreadedLoop.For(0, duals.Length, o =>
            {
                for (var i = 0; i < _crossing.Length; i++)
                {
                    var left = _other[o][i] - TensorPrimitives.Dot<double>(_crossing[i], duals[o]);
                    errors[o] += left * left;
                }
            });
            return errors.Sum();
        }
    }
}
