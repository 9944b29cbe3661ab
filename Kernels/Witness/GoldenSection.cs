namespace OnnxEdit.Kernels.Witness;

/// <summary>A function of t in (0, 1); implemented by ref structs so that it may hold spans.</summary>
interface IMixingFunction
{
    double At(double t);
}

/// <summary>Maximum of a concave function of the mixing weight t of the minimax bound.</summary>
static class GoldenSection
{
    const double InverseGoldenRatio = 0.6180339887498949;

    /// <summary>Searches kappa^2 over (1e-6, 1 - 1e-6).</summary>
    internal static MinimaxSolution Maximise<T>(T kappaSquared)
        where T : struct, IMixingFunction, allows ref struct
    {
        double low = 1e-6, high = 1 - 1e-6;
        double left = high - InverseGoldenRatio * (high - low), right = low + InverseGoldenRatio * (high - low);
        double atLeft = kappaSquared.At(left), atRight = kappaSquared.At(right);
        // The function is flat at its maximum: t to 1e-7 gives kappa^2 to rounding.
        while (high - low > 1e-7)
        {
            if (atLeft > atRight)
            {
                (high, right, atRight) = (right, left, atLeft);
                left = high - InverseGoldenRatio * (high - low);
                atLeft = kappaSquared.At(left);
            }
            else
            {
                (low, left, atLeft) = (left, right, atRight);
                right = low + InverseGoldenRatio * (high - low);
                atRight = kappaSquared.At(right);
            }
        }
        // t = 1/2 gives half of Fisher's discriminant; including it keeps the order of the two bounds exact.
        var even = kappaSquared.At(0.5);
        var (best, mixing) = atLeft > atRight ? (atLeft, left) : (atRight, right);
        return even > best ? new MinimaxSolution(Math.Sqrt(even), 0.5) : new MinimaxSolution(Math.Sqrt(best), mixing);
    }
}
