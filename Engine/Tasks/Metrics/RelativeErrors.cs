using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>
/// How far one tensor of another model is from the original's, item by item: the RMS of the difference over the RMS of the original for
/// floats, the share of changed values for integers, as <see cref="OutputDifference"/> has it.
/// </summary>
/// <param name="items">Number of items.</param>
/// <param name="isFloat">Whether the tensor holds floats.</param>
sealed class RelativeErrors(int items, bool isFloat)
{
    readonly double[] _difference = new double[items], _power = new double[items];

    /// <summary>Takes what both models answer to an item; another number of values makes the error NaN.</summary>
    public void Add(int item, float[] original, float[] edited)
    {
        var (difference, power) = (0.0, 0.0);
        for (var i = 0; i < original.Length && original.Length == edited.Length; i++)
        {
            var distance = (double)edited[i] - original[i];
            difference += isFloat ? distance * distance : distance == 0 ? 0 : 1;
            power += isFloat ? (double)original[i] * original[i] : 1;
        }
        (_difference[item], _power[item]) = (original.Length == edited.Length ? difference : double.NaN, power);
    }

    /// <summary>The error over all items.</summary>
    /// <param name="name">Name of the metric.</param>
    public MetricValue Metric(string name)
    {
        // An output of zeros that stays one is not changed.
        if (Array.TrueForAll(_difference, difference => difference == 0)) return Of(name, 0, new double[items]);
        var (value, scores) = isFloat ? RatioOfSums.RootOf(_difference, _power) : RatioOfSums.Of(_difference, _power);
        return Of(name, value, double.IsFinite(value) ? scores : null);
    }

    static MetricValue Of(string name, double value, double[]? scores) => new(name, value) { IsHigherBetter = false, ItemScores = scores };
}
