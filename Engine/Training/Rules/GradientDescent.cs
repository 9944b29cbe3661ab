using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Training.Rules;

/// <summary>theta &lt;- theta - a (g + decay theta), with momentum v &lt;- momentum v + g and v in place of g.</summary>
sealed class GradientDescent : UpdateRule
{
    /// <summary>Share of the last step that is taken again; 0: none.</summary>
    public double Momentum { get; init; }

    /// <summary>Weight decay.</summary>
    public double Decay { get; init; }

    /// <inheritdoc/>
    public override void Update(int tensor, Span<float> weights, ReadOnlySpan<float> gradient)
    {
        if (Decay != 0 || Momentum != 0)
        {
            var v = Memory(tensor, weights.Length);
            TensorPrimitives.Multiply(v, (float)Momentum, v);
            TensorPrimitives.Add(v, gradient, v);
            if (Decay != 0) TensorPrimitives.MultiplyAdd(weights, (float)Decay, v, v);
            gradient = v;
        }
        TensorPrimitives.MultiplyAdd(gradient, (float)-StepSize, weights, weights);
    }
}
