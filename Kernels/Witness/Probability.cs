namespace OnnxEdit.Kernels.Witness;

/// <summary>Checks confidence parameters.</summary>
static class Probability
{
    internal static void Require(double delta)
    {
        if (!(delta > 0 && delta < 1))
            throw new ArgumentOutOfRangeException(nameof(delta), delta, "A failure probability lies strictly between 0 and 1, such as 0.05.");
    }
}
