namespace OnnxEdit.Engine.Refit;

/// <summary>
/// A convolution seen tap by tap: what one kernel tap reads is taken as unrelated to what the others read, so that a
/// channel is one row instead of one per tap. The inverse Gram matrix of a very wide unit then takes a small part of the
/// time; what neighbouring pixels could take over for each other is left out, for all channels alike.
/// </summary>
static class TapMean
{
    /// <summary>Units with more patch rows than this are ranked so.</summary>
    public const int MostRows = 2500;

    /// <summary>The same where there are fewer samples than <see cref="SamplesPerRow"/> times the rows: most of their correlations are chance.</summary>
    public const int MostRowsOfFewSamples = 1000;

    /// <summary>See <see cref="MostRowsOfFewSamples"/>.</summary>
    const int SamplesPerRow = 4;

    /// <summary>True where a unit is ranked tap by tap.</summary>
    /// <param name="patches">Geometry of the unit.</param>
    /// <param name="samples">Patches that its Gram matrix is a sum over.</param>
    public static bool Applies(PatchGraph patches, double samples) => patches.Taps > 1
        && (patches.Rows > MostRows || (patches.Rows > MostRowsOfFewSamples && samples < SamplesPerRow * patches.Rows));

    /// <summary>Mean over taps of the blocks on the diagonal, channels x channels.</summary>
    /// <param name="gram">Gram matrix in patch order, rows (tap, channel).</param>
    /// <param name="taps">Kernel taps.</param>
    public static double[][] Gram(double[][] gram, int taps)
    {
        var channels = gram.Length / taps;
        var mean = new double[channels][];
        ThreadedLoop.For(0, channels, a =>
        {
            mean[a] = new double[channels];
            for (var t = 0; t < taps; t++)
                for (var b = 0; b < channels; b++) mean[a][b] += gram[t * channels + a][t * channels + b] / taps;
        });
        return mean;
    }

    /// <summary>Weights [m, taps x channels] as [m x taps, channels]: every tap is an output of its own.</summary>
    public static double[,] Weights(double[,] weights, int taps)
    {
        var channels = weights.GetLength(1) / taps;
        var result = new double[weights.GetLength(0) * taps, channels];
        Buffer.BlockCopy(weights, 0, result, 0, weights.Length * sizeof(double));
        return result;
    }
}
