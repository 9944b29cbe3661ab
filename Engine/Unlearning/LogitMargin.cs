using OnnxEdit.Engine.Refit;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>Moves features by the shortest way until the classes to forget lie behind the others.</summary>
sealed class LogitMargin(FeatureStage stage, IReadOnlyCollection<int> forgotten)
{
    const int Steps = 40;

    /// <summary>Moves features in place.</summary>
    /// <param name="features">The features; below a Relu none goes below zero.</param>
    /// <param name="margin">Distance of the logits of forgotten classes below the best other, in logits.</param>
    public void Move(double[] features, double margin)
    {
        for (var k = 0; k < features.Length; k++) features[k] = Floor(features[k]);
        for (var step = 0; step < Steps; step++)
        {
            var logits = Logits(features);
            var worst = forgotten.MaxBy(c => logits[c]);
            var best = Enumerable.Range(0, logits.Length).Where(c => !forgotten.Contains(c)).MaxBy(c => logits[c]);
            var gap = logits[worst] - logits[best] + margin;
            if (gap <= 1e-6) break;
            // Features that a Relu makes cannot go below zero; the others take over.
            var direction = Enumerable.Range(0, features.Length).Select(k => (double)stage.Weights[worst, k] - stage.Weights[best, k])
                .Select((d, k) => stage.HasRelu && d > 0 && features[k] <= 0 ? 0 : d).ToArray();
            var length = direction.Sum(d => d * d);
            if (length < 1e-12) break;
            for (var k = 0; k < features.Length; k++) features[k] = Floor(features[k] - gap / length * direction[k]);
        }
    }

    /// <summary>Logits of some features.</summary>
    public double[] Logits(IReadOnlyList<double> features) => [.. Enumerable.Range(0, stage.Classes).Select(c =>
        stage.Bias[c] + Enumerable.Range(0, features.Count).Sum(k => stage.Weights[c, k] * features[k]))];

    /// <summary>How far the largest logit is from the next.</summary>
    public double Lead(IReadOnlyList<double> features)
    {
        var logits = Logits(features).OrderDescending().Take(2).ToArray();
        return logits[0] - logits[1];
    }

    double Floor(double feature) => stage.HasRelu ? Math.Max(0, feature) : feature;
}
