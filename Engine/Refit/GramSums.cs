namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Sums over patch columns x (with a trailing 1) and targets t of one group of a linear operator, in double:
/// Gram = sum x x' [(k+1), (k+1)], Cross = sum t x' [m, (k+1)], Power = sum t^2 [m].
/// </summary>
sealed class GramSums(int rows, int outputs, double[]? gram = null)
{
    /// <summary>Rows k of a patch without the trailing 1.</summary>
    public int Rows { get; } = rows;

    /// <summary>Number m of targets.</summary>
    public int Outputs { get; } = outputs;

    /// <summary>Sum of x x', (k+1) x (k+1), row-major.</summary>
    public double[] Gram { get; } = gram ?? new double[(rows + 1) * (rows + 1)];

    /// <summary>Sum of t x', m x (k+1), row-major.</summary>
    public double[] Cross { get; } = new double[outputs * (rows + 1)];

    /// <summary>Sum of t^2, m.</summary>
    public double[] Power { get; } = new double[outputs];

    /// <summary>
    /// The same over every other batch, kept where columns are few for the number of rows, so that one half of the data
    /// can judge a fit to the other; null otherwise.
    /// </summary>
    public GramSums? Half { get; init; }

    /// <summary>True where fewer columns are expected than a fit of that many rows can trust.</summary>
    public static bool AreFew(double columns, int rows) => columns < 20.0 * rows;

    /// <summary>These sums without those of <paramref name="part"/>.</summary>
    public GramSums Without(GramSums part)
    {
        var rest = new GramSums(Rows, Outputs);
        for (var i = 0; i < Gram.Length; i++) rest.Gram[i] = Gram[i] - part.Gram[i];
        for (var i = 0; i < Cross.Length; i++) rest.Cross[i] = Cross[i] - part.Cross[i];
        for (var i = 0; i < Power.Length; i++) rest.Power[i] = Power[i] - part.Power[i];
        return rest;
    }

    /// <summary>Number of columns summed.</summary>
    public double Count => Gram[^1];

    /// <summary>Adds one batch of float sums.</summary>
    public static void Add(double[] sums, ReadOnlySpan<float> batch)
    {
        for (var i = 0; i < batch.Length; i++) sums[i] += batch[i];
    }

    /// <summary>Variance of target <paramref name="m"/>: E t^2 - (E t)^2.</summary>
    public double Variance(int m)
    {
        var mean = Cross[m * (Rows + 1) + Rows] / Count;
        return Math.Max(0, Power[m] / Count - mean * mean);
    }
}
