namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>The network as it is: no component is ablated.</summary>
/// <param name="Components">Number of components.</param>
sealed record FullMask(int Components) : GradientMasks(Components)
{
    /// <inheritdoc/>
    public override void Fill(int example, int pass, Span<float> mask) => mask.Fill(1);
}
