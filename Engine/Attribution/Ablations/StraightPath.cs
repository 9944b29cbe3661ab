namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>
/// All components at the same place between ablated and whole: the middles of equal parts of the way (midpoint rule).
/// </summary>
/// <param name="Components">Number of components.</param>
/// <param name="Passes">Number of places.</param>
sealed record StraightPath(int Components, int Passes) : GradientMasks(Components)
{
    /// <inheritdoc/>
    public override void Fill(int example, int pass, Span<float> mask) => mask.Fill((float)((pass + 0.5) / Passes));
}
