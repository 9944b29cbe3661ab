namespace OnnxEdit.Engine.Training.Rules;

/// <summary>
/// r &lt;- b r + (1 - b) g^2, in the first step r = g^2; theta &lt;- theta - a g / sqrt(r + eps). The first step is one of
/// signs, then (Sinitsin et al., 2020).
/// </summary>
sealed class RmsProp : UpdateRule
{
    /// <summary>b and eps of the published editor.</summary>
    public const double DefaultBeta = 0.5, DefaultEpsilon = 1e-6;

    /// <summary>b.</summary>
    public double Beta { get; init; } = DefaultBeta;

    /// <summary>eps.</summary>
    public double Epsilon { get; init; } = DefaultEpsilon;

    /// <inheritdoc/>
    public override void Update(int tensor, Span<float> weights, ReadOnlySpan<float> gradient)
    {
        var r = Memory(tensor, weights.Length);
        var (a, epsilon) = ((float)StepSize, (float)Epsilon);
        var keep = Step == 1 ? 0 : (float)Beta;
        for (var i = 0; i < weights.Length; i++)
        {
            r[i] = keep * r[i] + (1 - keep) * gradient[i] * gradient[i];
            weights[i] -= a * gradient[i] / MathF.Sqrt(r[i] + epsilon);
        }
    }
}
