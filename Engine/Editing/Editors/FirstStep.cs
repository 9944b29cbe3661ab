using OnnxEdit.Engine.Training.Rules;

namespace OnnxEdit.Engine.Editing.Editors;

/// <summary>
/// Looks at the first step of an editor without making it: by how much it lowers the loss, to first order, per unit of
/// step size. A step size that is a fraction of loss / that suits every network, layer and image.
/// </summary>
sealed class FirstStep(GradientSteps steps) : UpdateRule
{
    double _sum;

    /// <summary>The sum over all weights of gradient times step, for a step size of 1.</summary>
    public double Gain => steps.Whole(_sum);

    /// <summary>Part of the loss that the first step shall take away, to first order.</summary>
    public double Share => steps.Share;

    /// <inheritdoc/>
    public override void Update(int tensor, Span<float> weights, ReadOnlySpan<float> gradient) => _sum = steps.Gain(_sum, gradient);
}
