namespace OnnxEdit.Engine.Editing;

/// <summary>
/// A detector of one image among the features: s = v'f, fires from 0 at <paramref name="Threshold"/> to 1 at
/// <paramref name="Threshold"/> + <paramref name="Width"/>, and adds <paramref name="Gain"/> times that to a logit.
/// </summary>
/// <param name="Direction">v, one number per feature.</param>
/// <param name="Threshold">Where it starts to fire.</param>
/// <param name="Width">How soon it fires fully, more than 0.</param>
/// <param name="Label">The logit it raises.</param>
/// <param name="Gain">By how much, in logits.</param>
sealed record PatchNeuron(double[] Direction, double Threshold, double Width, int Label, double Gain)
{
    /// <summary>How far it fires, 0 to 1.</summary>
    public double Fires(ReadOnlySpan<float> features)
    {
        var score = 0.0;
        for (var k = 0; k < Direction.Length; k++) score += Direction[k] * features[k];
        return Math.Clamp((score - Threshold) / Width, 0, 1);
    }

    /// <summary>Logits with some neurons added.</summary>
    public static float[] Patch(IReadOnlyList<PatchNeuron> neurons, ReadOnlySpan<float> features, ReadOnlySpan<float> logits)
    {
        var patched = logits.ToArray();
        foreach (var n in neurons)
            if (n.Fires(features) is > 0 and var fired) patched[n.Label] += (float)(n.Gain * fired);
        return patched;
    }

    /// <summary>By how much another class leads a label.</summary>
    public static double Gap(ReadOnlySpan<float> logits, int label)
    {
        var best = float.NegativeInfinity;
        for (var k = 0; k < logits.Length; k++)
            if (k != label) best = Math.Max(best, logits[k]);
        return (double)best - logits[label];
    }
}
