namespace OnnxEdit.Engine.Training.Rules;

/// <summary>
/// m &lt;- b1 m + (1 - b1) g, v &lt;- b2 v + (1 - b2) g^2, theta &lt;- theta - a m' / (sqrt(v') + eps), where m' and v' are
/// m and v divided by 1 - b^t (Kingma and Ba, 2015).
/// </summary>
class Adam : UpdateRule
{
    /// <summary>b1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>b2.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>eps.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay.</summary>
    public double Decay { get; init; }

    /// <inheritdoc/>
    public override void Update(int tensor, Span<float> weights, ReadOnlySpan<float> gradient) => Follow(tensor, weights, gradient, StepSize);

    /// <summary>Changes one tensor by a step size of its own.</summary>
    protected void Follow(int tensor, Span<float> weights, ReadOnlySpan<float> gradient, double stepSize)
    {
        var m = Memory(tensor, weights.Length);
        var v = Memory(tensor, weights.Length, 1);
        var (b1, b2) = ((float)Beta1, (float)Beta2);
        var rate = (float)(stepSize / (1 - Math.Pow(Beta1, Step)));
        var (root, epsilon) = ((float)(1 / Math.Sqrt(1 - Math.Pow(Beta2, Step))), (float)Epsilon);
        var decay = (float)(stepSize * Decay);
        for (var i = 0; i < weights.Length; i++)
        {
            var g = gradient[i];
            m[i] = b1 * m[i] + (1 - b1) * g;
            v[i] = b2 * v[i] + (1 - b2) * g * g;
            weights[i] -= decay * weights[i] + rate * m[i] / (MathF.Sqrt(v[i]) * root + epsilon);
        }
    }
}
