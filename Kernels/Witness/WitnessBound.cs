namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// Lower bounds on the total variation of two distributions P, Q from two moments of one scalar witness f.
/// By Cauchy and Schwarz, |E_P f - E_Q f|^2 = |int f (p - q)|^2 &lt;= (E_P f^2 + E_Q f^2) 2 TV (DisCEdit).
/// Any measurable f is allowed.
/// </summary>
static class WitnessBound
{
    /// <summary>
    /// TV >= (E_P f - E_Q f)^2 / (2 (E_P f^2 + E_Q f^2)). Invariant to the scale of f, not to its origin; for a
    /// witness of one sign it never exceeds 1/2. Twice this number is DisCEdit's forgetting score.
    /// </summary>
    /// <param name="meanP">E_P f.</param>
    /// <param name="squareP">E_P f^2.</param>
    /// <param name="meanQ">E_Q f.</param>
    /// <param name="squareQ">E_Q f^2.</param>
    /// <returns>A bound in [0, 1]; 0 if f vanishes.</returns>
    public static double Uncentred(double meanP, double squareP, double meanQ, double squareQ)
    {
        var difference = meanP - meanQ;
        var squares = squareP + squareQ;
        return squares > 0 ? difference * difference / (2 * squares) : 0;
    }

    /// <summary>
    /// The same with the best origin, the midpoint of the two means: TV >= d^2 / (d^2 + 2 (s_P^2 + s_Q^2)).
    /// </summary>
    /// <param name="meanP">E_P f.</param>
    /// <param name="varianceP">s_P^2.</param>
    /// <param name="meanQ">E_Q f.</param>
    /// <param name="varianceQ">s_Q^2.</param>
    /// <returns>A bound in [0, 1]; 0 if the means are equal.</returns>
    public static double Centred(double meanP, double varianceP, double meanQ, double varianceQ)
    {
        var squared = (meanP - meanQ) * (meanP - meanQ);
        return squared > 0 ? squared / (squared + 2 * (varianceP + varianceQ)) : 0;
    }
}
