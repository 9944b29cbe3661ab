namespace OnnxEdit.Kernels.Witness;

/// <summary>
/// The score that the TVSPrune reference implementation computes: for every channel the smallest Euclidean
/// distance between the mean maps of two classes, divided by the largest such value in the layer.
/// </summary>
static class TvsPruneScore
{
    /// <summary>Scores a layer.</summary>
    /// <param name="classMeans">Row-major [classes, channels, positions] mean maps.</param>
    /// <param name="classes">K >= 2.</param>
    /// <param name="channels">C.</param>
    /// <returns>C scores in [0, 1]; all zero if every minimum is.</returns>
    /// <exception cref="OnnxKernelException">Fewer than two classes, or lengths do not fit.</exception>
    public static double[] Compute(ReadOnlySpan<double> classMeans, int classes, int channels)
    {
        if (classes < 2 || channels < 1 || classMeans.Length == 0 || classMeans.Length % (classes * channels) != 0)
            throw new OnnxKernelException(
                $"{classMeans.Length} class means do not form [{classes}, {channels}, positions] with at least two classes; collect more classes.");
        var positions = classMeans.Length / (classes * channels);
        var scores = new double[channels];
        Array.Fill(scores, double.PositiveInfinity);
        for (var c = 0; c < channels; c++)
            for (var a = 0; a < classes; a++)
                for (var b = 0; b < a; b++)
                    scores[c] = Math.Min(scores[c], Distance(
                        classMeans.Slice((a * channels + c) * positions, positions),
                        classMeans.Slice((b * channels + c) * positions, positions)));
        var largest = scores.Max();
        for (var c = 0; c < channels; c++)
            scores[c] = largest > 0 ? scores[c] / largest : 0;
        return scores;
    }

    static double Distance(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var squares = 0.0;
        for (var i = 0; i < a.Length; i++)
            squares += (a[i] - b[i]) * (a[i] - b[i]);
        return Math.Sqrt(squares);
    }
}
