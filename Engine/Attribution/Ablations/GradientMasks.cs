namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>The masks at which gradients are taken, one per example and pass.</summary>
/// <param name="Components">Number of components.</param>
abstract record GradientMasks(int Components)
{
    /// <summary>Passes in which every component is looked at once.</summary>
    public virtual int Round => 1;

    /// <summary>Whether the gradient of a component with this mask entry counts.</summary>
    public virtual bool Counts(float entry) => true;

    /// <summary>The mask of one example in one pass.</summary>
    /// <param name="example">Number of the example.</param>
    /// <param name="pass">Number of the pass.</param>
    /// <param name="mask">Receives the mask, [components].</param>
    public abstract void Fill(int example, int pass, Span<float> mask);
}
