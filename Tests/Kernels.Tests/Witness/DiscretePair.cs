using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Kernels.Tests;

/// <summary>Two random distributions on common atoms, with exact moments and exact total variation.</summary>
sealed class DiscretePair
{
    readonly double[][] _atoms;
    readonly double[] _p, _q;

    internal DiscretePair(Philox4x32 random, int dimension)
    {
        var atoms = 2 + random.NextInt(7);
        var onGrid = random.NextInt(2) == 0;
        _atoms = [.. Enumerable.Range(0, atoms).Select(_ => Enumerable.Range(0, dimension)
            .Select(_ => onGrid ? random.NextInt(4) : random.NextGaussian()).ToArray())];
        _p = Weights(random, atoms);
        _q = Weights(random, atoms);
        Dimension = dimension;
        TotalVariation = Enumerable.Range(0, atoms).GroupBy(i => string.Join(',', _atoms[i]))
            .Sum(g => Math.Abs(g.Sum(i => _p[i]) - g.Sum(i => _q[i]))) / 2;
    }

    internal int Dimension { get; }

    internal double TotalVariation { get; }

    internal double[] MeanP => Mean(_p);

    internal double[] MeanQ => Mean(_q);

    internal double[] CovarianceP => Covariance(_p);

    internal double[] CovarianceQ => Covariance(_q);

    // Rounding must not turn one shared point into two.
    internal double[] Delta => [.. MeanP.Zip(MeanQ, (a, b) => Math.Abs(a - b) < 1e-12 ? 0 : a - b)];

    /// <summary>First and second moment of a function of the atoms under P and Q.</summary>
    internal (double MeanP, double SquareP, double MeanQ, double SquareQ) Moments(Func<double[], double> f)
    {
        double[] values = [.. _atoms.Select(f)];
        double Expect(double[] weights, int power) => weights.Zip(values, (w, v) => w * Math.Pow(v, power)).Sum();
        return (Expect(_p, 1), Expect(_p, 2), Expect(_q, 1), Expect(_q, 2));
    }

    static double[] Weights(Philox4x32 random, int atoms)
    {
        // Exponential weights, some of them zero, so that supports differ.
        double[] weights = [.. Enumerable.Range(0, atoms)
            .Select(_ => random.NextInt(4) == 0 ? 0 : -Math.Log(1 - random.NextDouble()))];
        if (weights.Sum() == 0)
            weights[random.NextInt(atoms)] = 1;
        var sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }

    double[] Mean(double[] weights) =>
        [.. Enumerable.Range(0, Dimension).Select(d => weights.Zip(_atoms, (w, a) => w * a[d]).Sum())];

    double[] Covariance(double[] weights)
    {
        var mean = Mean(weights);
        return [.. from r in Enumerable.Range(0, Dimension)
                   from c in Enumerable.Range(0, Dimension)
                   select weights.Zip(_atoms, (w, a) => w * (a[r] - mean[r]) * (a[c] - mean[c])).Sum()];
    }
}
