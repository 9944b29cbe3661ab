using System.Numerics.Tensors;
using OnnxEdit.Engine.Training.Rules;

namespace OnnxEdit.Engine.Editing;

/// <summary>
/// Looks at the first step of an editor without making it: by how much it lowers the loss, to first order, per unit of
/// step size. A step size that is a fraction of loss / that suits every network, layer and image.
/// </summary>
sealed class FirstStep(Editor editor) : UpdateRule
{
    double _sum;

    /// <summary>The sum over all weights of gradient times step, for a step size of 1.</summary>
    public double Gain => editor == Editor.ScaledGd ? Math.Sqrt(_sum) : _sum;

    /// <summary>Part of the loss that the first step shall take away, to first order; momentum soon makes steps several times as long.</summary>
    public double Share => editor == Editor.Momentum ? 0.1 : 0.25;

    /// <inheritdoc/>
    public override void Update(int tensor, Span<float> weights, ReadOnlySpan<float> gradient)
    {
        if (editor is Editor.RProp or Editor.Adam) _sum += TensorPrimitives.SumOfMagnitudes(gradient);
        else if (editor != Editor.RmsProp) _sum += TensorPrimitives.SumOfSquares(gradient);
        else
            foreach (var g in gradient) _sum += (double)g * g / Math.Sqrt((double)g * g + RmsProp.DefaultEpsilon);
    }
}
