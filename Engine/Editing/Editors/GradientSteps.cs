using OnnxEdit.Engine.Training.Rules;

namespace OnnxEdit.Engine.Editing.Editors;

/// <summary>How weights follow gradients in an edit.</summary>
/// <param name="Rule">The rule, of a step size.</param>
/// <param name="Gain">Sum over weights of gradient times first step, for a step size of 1.</param>
sealed record GradientSteps(Func<double, UpdateRule> Rule, GradientSteps.Summing Gain)
{
    /// <summary>Adds some weights to a sum.</summary>
    public delegate double Summing(double sum, ReadOnlySpan<float> gradient);

    /// <summary>What that sum comes to over all weights.</summary>
    public Func<double, double> Whole { get; init; } = sum => sum;

    /// <summary>Part of the loss that the first step shall take away, to first order.</summary>
    public double Share { get; init; } = 0.25;
}
