namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>How one example was corrected.</summary>
/// <param name="Example">Number of the example.</param>
/// <param name="Label">What it should be.</param>
/// <param name="Ablated">Components ablated, in the order in which they were chosen; all that were tried where it was not corrected.</param>
/// <param name="MarginBefore">Its margin before; below zero where it was a mistake.</param>
/// <param name="MarginAfter">Its margin after.</param>
/// <param name="ValidationDrop">Points of top-1 accuracy that this costs on validation images.</param>
sealed record MistakeCorrection(int Example, int Label, IReadOnlyList<int> Ablated, double MarginBefore, double MarginAfter, double ValidationDrop)
{
    /// <summary>Whether the label is now the answer.</summary>
    public bool IsCorrected => MarginAfter > 0;
}
