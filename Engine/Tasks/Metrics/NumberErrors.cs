using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>How far numbers are from those that they should be, in their own unit.</summary>
/// <param name="items">Number of items.</param>
sealed class NumberErrors(int items)
{
    readonly double[] _absolute = new double[items], _squared = new double[items], _values = new double[items];

    /// <summary>Takes an item.</summary>
    /// <param name="item">Its index.</param>
    /// <param name="wanted">What the numbers should be.</param>
    /// <param name="found">What they are, equally many.</param>
    /// <exception cref="OnnxEngineException">One of them is NaN (<see cref="ErrorKind.Model"/>).</exception>
    public void Add(int item, IReadOnlyList<float> wanted, IReadOnlyList<float> found)
    {
        var (absolute, squared) = (0.0, 0.0);
        for (var i = 0; i < found.Count; i++)
        {
            var distance = (double)found[i] - wanted[i];
            absolute += Math.Abs(distance);
            squared += distance * distance;
        }
        if (double.IsNaN(squared)) throw new OnnxEngineException(ErrorKind.Model, $"An output or its label is NaN for item {item}, so that nothing can be measured; look at the model's weights and at the data.");
        (_absolute[item], _squared[item], _values[item]) = (absolute, squared, found.Count);
    }

    /// <summary>Sum of squared errors of each item.</summary>
    public IReadOnlyList<double> Squared => _squared;

    /// <summary>Mean absolute error over all values: "mae".</summary>
    public MetricValue Mean => Own("mae", RatioOfSums.Of(_absolute, _values));

    /// <summary>Root of the mean squared error over all values: "rmse".</summary>
    public MetricValue Root => Own("rmse", RatioOfSums.RootOf(_squared, _values));

    static MetricValue Own(string name, (double Value, double[] Scores) figure) => new(name, figure.Value) { IsFraction = false, IsHigherBetter = false, ItemScores = figure.Scores };
}
