using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;

namespace OnnxEdit.Engine.Scores;

/// <summary>The bound on the total variation from Fisher's discriminant of (x, x^2), F / (2 + F).</summary>
static class FisherScore
{
    /// <summary>Its row.</summary>
    public static ScoreRow Row { get; } = WitnessBounds.Row("fisher", (in p, in q) =>
        FisherBound.FromDiscriminant(FisherBound.Discriminant(p, q, QuadraticMoments.RidgeFor(p, q))));
}
