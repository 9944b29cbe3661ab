using OnnxEdit.Engine.Refit;

namespace OnnxEdit.Engine.Statistics;

/// <summary>
/// Sums by class at the unit that makes the features (see <see cref="FeatureStage"/>): what forgetting a class needs to
/// know of the images. K classes, C features, k patch rows, y the value before the Relu (the residual sum, where there is one).
/// </summary>
/// <param name="Sums">Gram sums of the unit with y as target, a class in place of a group.</param>
/// <param name="Features">Sum over positions of max(y, 0), or of y where there is no Relu, [K, C].</param>
/// <param name="Active">Sum of (x, 1) over the positions where y is above zero, all of them where there is no Relu, [K, C, k + 1].</param>
sealed record FeatureSums(PackedGrams Sums, double[] Features, float[] Active)
{
    /// <summary>Bytes of the arrays at most; a model with more gets none.</summary>
    public const long MostBytes = 64L << 20;

    /// <summary>Number of classes K.</summary>
    public int Classes => Sums.Groups;

    /// <summary>Bytes that a model's sums would take.</summary>
    public static long Bytes(long classes, long channels, long rows) => sizeof(float) * classes * (rows * (rows + 1) / 2 + 2 * channels * (rows + 1));

    /// <summary>Sum of (x, 1) where channel <paramref name="k"/> is active on images of a class.</summary>
    public ReadOnlySpan<float> ActiveOf(int @class, int k) => Active.AsSpan((@class * Sums.Outputs + k) * (Sums.Rows + 1), Sums.Rows + 1);
}
