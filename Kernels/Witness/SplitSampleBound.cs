namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// Confidence bound from a learned test: half the sample chooses a half-line, the other half measures it, and
/// exact binomial limits make the difference certain: TV >= P(A) - Q(A) >= lower(P(A)) - upper(Q(A)). Works for
/// any score, in any dimension, without moment assumptions (in the spirit of Michel, Naf and Meinshausen,
/// "High-probability lower bounds for the total variation distance").
/// </summary>
static class SplitSampleBound
{
    /// <summary>
    /// max(0, Lower(P(A)) - Upper(Q(A))), each limit at delta/2, for the half-line A on which the learning
    /// halves differ most.
    /// </summary>
    /// <param name="learnP">Scores of P that choose the threshold and its side.</param>
    /// <param name="learnQ">Scores of Q that choose.</param>
    /// <param name="testP">Independent scores of P that measure.</param>
    /// <param name="testQ">Independent scores of Q that measure.</param>
    /// <param name="delta">Failure probability in (0, 1).</param>
    /// <exception cref="OnnxKernelException">A sample is empty.</exception>
    public static double Lower(
        ReadOnlySpan<double> learnP, ReadOnlySpan<double> learnQ,
        ReadOnlySpan<double> testP, ReadOnlySpan<double> testQ, double delta)
    {
        if (learnP.IsEmpty || learnQ.IsEmpty || testP.IsEmpty || testQ.IsEmpty)
            throw new OnnxKernelException("A split-sample bound needs at least one image of either side in both halves; add images.");
        var (threshold, above) = Choose(learnP, learnQ);
        return Math.Max(0,
            ClopperPearson.Lower(Inside(testP, threshold, above), testP.Length, delta / 2)
            - ClopperPearson.Upper(Inside(testQ, threshold, above), testQ.Length, delta / 2));
    }

    /// <summary>The half-line with the largest P - Q on two samples: x > threshold, or x &lt;= threshold.</summary>
    static (double Threshold, bool Above) Choose(ReadOnlySpan<double> p, ReadOnlySpan<double> q)
    {
        double[] first = p.ToArray(), second = q.ToArray();
        Array.Sort(first);
        Array.Sort(second);
        double best = 0, threshold = first[0];
        var above = true;
        for (int i = 0, j = 0; i < first.Length && j < second.Length;)
        {
            var x = Math.Min(first[i], second[j]);
            while (i < first.Length && first[i] <= x)
                i++;
            while (j < second.Length && second[j] <= x)
                j++;
            var difference = (double)i / first.Length - (double)j / second.Length;
            if (Math.Abs(difference) > best)
                (best, threshold, above) = (Math.Abs(difference), Between(x, i, j), difference < 0);
        }
        return (threshold, above);

        // Halfway to the next value, so that the test half is not cut exactly at a learning point.
        double Between(double x, int i, int j)
        {
            var next = Math.Min(i < first.Length ? first[i] : double.PositiveInfinity, j < second.Length ? second[j] : double.PositiveInfinity);
            return double.IsFinite(next) ? x + (next - x) / 2 : x;
        }
    }

    static int Inside(ReadOnlySpan<double> values, double threshold, bool above)
    {
        var count = 0;
        foreach (var value in values)
            if (value > threshold == above)
                count++;
        return count;
    }
}
