using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Cholesky factor of a Gram matrix with a ridge. Channels that are constant, equal or dead make the matrix singular,
/// and rounding can make it indefinite; the ridge is what such directions cost, next to nothing, and grows until the
/// factor exists.
/// </summary>
static class RidgeFactor
{
    /// <summary>Factors G + lambda I with the least lambda of max(relative x mean diagonal, floor) times a power of ten that works.</summary>
    /// <param name="gram">Rows of G, finite; the ridge is added in place.</param>
    /// <param name="relative">Ridge relative to the mean diagonal.</param>
    /// <param name="floor">The ridge is no smaller than this.</param>
    /// <exception cref="OnnxEngineException">G holds values that are not finite.</exception>
    public static CholeskyFactor Of(double[][] gram, double relative, double floor = 0)
    {
        // At least something, so that a matrix of zeros has a factor; at zero the caller wants none where none is needed.
        var lambda = Math.Max(relative * Math.Max(Mean(gram), 1e-30), floor);
        Add(gram, lambda);
        for (var trial = 0; trial < 12; trial++)
        {
            if (CholeskyFactor.Of(gram) is { } factor) return factor;
            var next = 10 * Math.Max(lambda, Math.Max(1e-12 * Math.Abs(Mean(gram)), 1e-30));
            Add(gram, next - lambda);
            lambda = next;
        }
        throw new OnnxEngineException(ErrorKind.Data, "The sums of a layer's activations are not finite; the data or the model's weights hold such values.");
    }

    static double Mean(double[][] gram) => gram.Select((row, i) => row[i]).Average();

    static void Add(double[][] gram, double lambda)
    {
        for (var i = 0; i < gram.Length; i++) gram[i][i] += lambda;
    }
}
