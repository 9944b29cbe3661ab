using OnnxEdit.Surgery.Gradients;

namespace OnnxEdit.Engine.Tasks;

/// <summary>The number that attributions explain, from logits; the same as <see cref="Losses.AddAnswer"/> computes in a graph.</summary>
static class Answers
{
    /// <summary>The answer of one example.</summary>
    /// <param name="logits">Its logits, one per class.</param>
    /// <param name="label">Its class.</param>
    /// <param name="kind">Which number.</param>
    public static double Of(ReadOnlySpan<float> logits, int label, AnswerKind kind)
    {
        double own = logits[label], other = double.NegativeInfinity;
        for (var c = 0; c < logits.Length; c++)
            if (c != label && logits[c] > other) other = logits[c];
        switch (kind)
        {
            case AnswerKind.Margin: return own - other;
            case AnswerKind.Logit: return own;
        }
        // Scaled by the largest, so that nothing overflows.
        var largest = kind == AnswerKind.LogOdds ? other : Math.Max(own, other);
        var sum = 0.0;
        for (var c = 0; c < logits.Length; c++)
            if (c != label || kind == AnswerKind.Loss) sum += Math.Exp(logits[c] - largest);
        var logSum = Math.Log(sum) + largest;
        return kind == AnswerKind.LogOdds ? own - logSum : logSum - own;
    }
}
