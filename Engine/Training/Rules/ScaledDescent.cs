using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Training.Rules;

/// <summary>theta &lt;- theta - a g / |g of the first step|, the length being that of all tensors together.</summary>
sealed class ScaledDescent : UpdateRule
{
    double _scale;

    /// <inheritdoc/>
    public override void Begin(double norm)
    {
        base.Begin(norm);
        if (Step == 1) _scale = norm > 0 ? 1 / norm : 0;
    }

    /// <inheritdoc/>
    public override void Update(int tensor, Span<float> weights, ReadOnlySpan<float> gradient) =>
        TensorPrimitives.MultiplyAdd(gradient, (float)(-StepSize * _scale), weights, weights);
}
