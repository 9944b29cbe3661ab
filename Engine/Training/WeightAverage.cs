using OnnxEdit.Engine.Training.Rules;

namespace OnnxEdit.Engine.Training;

/// <summary>The exponential average of weights over steps, which forgets the beginning faster while it is young.</summary>
static class WeightAverage
{
    /// <summary>average &lt;- k average + (1 - k) weights, k = min(keep, (1 + step) / (10 + step)).</summary>
    /// <param name="average">One array per tensor.</param>
    /// <param name="weights">The weights after a step.</param>
    /// <param name="step">Steps made, 1 after the first.</param>
    /// <param name="keep">k in the long run, below 1.</param>
    public static void Follow(float[][] average, IReadOnlyList<TrainedWeight> weights, int step, double keep)
    {
        var k = (float)Math.Min(keep, (1.0 + step) / (10 + step));
        for (var i = 0; i < weights.Count; i++)
        {
            var (a, w) = (average[i], weights[i].Values);
            for (var j = 0; j < a.Length; j++) a[j] = w[j] + k * (a[j] - w[j]);
        }
    }
}
