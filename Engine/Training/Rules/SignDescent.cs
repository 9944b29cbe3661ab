namespace OnnxEdit.Engine.Training.Rules;

/// <summary>theta &lt;- theta - a sign(g), which the literature on editing calls RProp.</summary>
sealed class SignDescent : UpdateRule
{
    /// <inheritdoc/>
    public override void Update(int tensor, Span<float> weights, ReadOnlySpan<float> gradient)
    {
        var a = (float)StepSize;
        for (var i = 0; i < weights.Length; i++) weights[i] -= a * MathF.Sign(gradient[i]);
    }
}
